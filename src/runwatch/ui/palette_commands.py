"""The command palette: keys, panes, runs, themes, all from the tables that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from runwatch.domain.intents import Rescan
from runwatch.domain.run import RunKey
from runwatch.show.destinations import ShowPlace, ShowRun
from runwatch.show.screen.runs import run_name
from runwatch.text.safe import safe
from runwatch.ui.host import Host
from runwatch.ui.messages import BaselineDeed

_MOST_RUNS = 2000
Command = tuple[str, str, Callable[[], object]]


class BoardCommands(Provider):
    """Everything that can be done here, by words."""

    @property
    def _run(self) -> RunKey | None:
        """The run that is looked at here."""
        here: RunKey | None = getattr(self.screen, "key", None)
        return here if isinstance(here, RunKey) else self._host.choice.looked

    @property
    def _host(self) -> Host:
        return cast("Host", self.app)

    def _commands(self) -> Iterator[Command]:
        app, host = self.app, self._host
        seen = {"palette"}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.description and binding.action not in seen:
                seen.add(binding.action)
                key = app.get_key_display(binding)
                what = f"{binding.tooltip} ({key})" if binding.tooltip else f"key {key}"
                yield binding.description, what, partial(app.run_action, binding.action, active.node)
        yield (
            "Leaderboard",
            "all runs ranked by a metric",
            partial(host.open, ShowPlace("leaderboard")),
        )
        yield (
            "History",
            "what opened, who closed it, how long it took",
            partial(host.open, ShowPlace("tasks-history")),
        )
        yield (
            "Former baselines",
            "what was compared against when, and why",
            partial(host.open, ShowPlace("baselines-history")),
        )
        yield (
            "Baseline with a reason",
            "make the run under the cursor the baseline, and say why",
            partial(host.open, BaselineDeed("pin", self._run)),
        )
        yield (
            "Take the baseline's pin off",
            "go back to the configured or assumed baseline",
            partial(host.open, BaselineDeed("clear", self._run)),
        )
        yield (
            "Notes",
            "what was assumed, and how it watches",
            partial(host.open, ShowPlace("notes")),
        )
        yield "Machine", "disks, memory, GPUs", partial(host.open, ShowPlace("machine"))
        yield "Problems", "what could not be read", partial(host.open, ShowPlace("problems"))
        yield "Look again", "walk all roots now", partial(host.intend, Rescan())
        for theme in sorted(host.own_themes):
            yield f"Theme: {theme}", "change the colours", partial(host.take_theme, theme)

    def _runs(self) -> Iterator[Command]:
        app = self._host
        if app.snapshot is None:
            return
        situation = app.snapshot.situation
        for run in situation.runs[:_MOST_RUNS]:
            show = partial(app.open, ShowRun(run.key))
            yield f"Run: {run_name(run.key, situation.roots)}", run.status, show

    async def discover(self) -> Hits:
        for name, about, command in self._commands():
            yield DiscoveryHit(Content(name), command, text=name, help=safe(about))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for commands in (self._commands(), self._runs()):
            for name, about, command in commands:
                score = matcher.match(name)
                if score > 0:
                    yield Hit(score, matcher.highlight(name), command, text=name, help=safe(about))
