"""What the palette offers: keys, screens, runs, themes, all from the tables that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from inspect import isawaitable

from runwatch.domain.intents import Rescan
from runwatch.domain.run import RunKey
from runwatch.show.names import in_root
from runwatch.show.screen.destinations import ShowFinding, ShowPlace, ShowRun
from runwatch.show.screen.findings import about, in_order
from runwatch.text.safe import safe
from runwatch.ui.host import AnyApp, AnyScreen, Host
from runwatch.ui.messages import BaselineAction
from runwatch.ui.places import PLACES
from runwatch.ui.screens.palette import PaletteCommand, PaletteScreen

_MOST_RUNS = 5000


def palette(app: AnyApp, host: Host, screen: AnyScreen) -> PaletteScreen:
    """The palette over this screen; ``perform`` takes its answer."""
    return PaletteScreen(commands(app, host, screen), lambda: things(host))


async def perform(command: PaletteCommand | None) -> None:
    """Do what was chosen, if something was."""
    if command is not None and isawaitable(result := command.do()):
        await result


def commands(app: AnyApp, host: Host, screen: AnyScreen) -> list[PaletteCommand]:
    """All that can be done on this screen, its keys first."""
    return [*_keys(app, screen), *_places(host, screen), *_themes(host)]


def _keys(app: AnyApp, screen: AnyScreen) -> Iterator[PaletteCommand]:
    seen = {"palette"}
    for active in screen.active_bindings.values():
        binding = active.binding
        ours = bool(binding.id) and not str(binding.id).startswith(("screen.", "table.", "log.", "line."))
        if ours and active.enabled and binding.description and binding.action not in seen:
            seen.add(binding.action)
            act = partial(app.run_action, binding.action, active.node)
            yield PaletteCommand(
                binding.description, binding.tooltip or "", app.get_key_display(binding), act
            )


def _places(host: Host, screen: AnyScreen) -> Iterator[PaletteCommand]:
    for name, place in PLACES.items():
        yield PaletteCommand(place.title, place.about, "", partial(host.open, ShowPlace(name)))
    here = getattr(screen, "key", None)
    run = here if isinstance(here, RunKey) else host.choice.looked
    pin, clear = BaselineAction("pin", run), BaselineAction("clear", run)
    yield PaletteCommand("Baseline with a reason", "this run, and why", "", partial(host.open, pin))
    yield PaletteCommand("Unpin the baseline", "return to the configured one", "", partial(host.open, clear))
    yield PaletteCommand("Rescan", "scan all roots now", "", partial(host.submit_intent, Rescan()))


def _themes(host: Host) -> Iterator[PaletteCommand]:
    for theme in sorted(host.own_themes):
        yield PaletteCommand(f"Theme: {theme}", "change the colours", "", partial(host.take_theme, theme))


def things(host: Host) -> Sequence[PaletteCommand]:
    """Every run and every finding, by name."""
    if host.snapshot is None:
        return ()
    situation = host.snapshot.situation
    runs = [
        PaletteCommand(
            f"Run: {in_root(run.title, run.root, situation.roots)}",
            safe(run.id) if run.name else run.status,
            "",
            partial(host.open, to),
        )
        for run in situation.runs[:_MOST_RUNS]
        for to in (ShowRun(run.key),)
    ]
    commands = [
        PaletteCommand(f"Finding: {about(one)}", one.advice, "", partial(host.open, ShowFinding(one.key)))
        for one in in_order(host.snapshot)
    ]
    return [*commands, *runs]
