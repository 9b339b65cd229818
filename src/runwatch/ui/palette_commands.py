"""The command palette: keys, panes, runs, themes, all from the tables that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from runwatch.domain.run import RunKey
from runwatch.show.view_runs import run_name
from runwatch.text.safe import safe
from runwatch.ui.messages import Requested

if TYPE_CHECKING:
    from runwatch.ui.app import RunwatchApp

_MOST_RUNS = 2000
Command = tuple[str, str, Callable[[], object]]


class BoardCommands(Provider):
    """Everything that can be done here, by words."""

    @property
    def _board(self) -> RunwatchApp:
        return cast("RunwatchApp", self.app)

    @property
    def _run(self) -> RunKey | None:
        """The run that is looked at here."""
        from runwatch.ui.screens.run import RunScreen

        return self.screen.key if isinstance(self.screen, RunScreen) else self._board.choice.looked

    def _commands(self) -> Iterator[Command]:
        app = self._board
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
            partial(app.post_message, Requested("leaderboard", None)),
        )
        yield (
            "History",
            "what opened, who closed it, how long it took",
            partial(app.post_message, Requested("history", 1)),
        )
        yield (
            "Former baselines",
            "what was compared against when, and why",
            partial(app.post_message, Requested("history", 2)),
        )
        yield (
            "Baseline with a reason",
            "make the run under the cursor the baseline, and say why",
            partial(app.post_message, Requested("baseline-reason", self._run)),
        )
        yield (
            "Take the baseline's pin off",
            "go back to the configured or assumed baseline",
            partial(app.post_message, Requested("baseline-clear", self._run)),
        )
        yield (
            "Notes",
            "what was assumed, and how it watches",
            partial(app.post_message, Requested("notes", None)),
        )
        yield "Machine", "disks, memory, GPUs", partial(app.post_message, Requested("machine", None))
        yield "Problems", "what could not be read", partial(app.post_message, Requested("problems", None))
        yield "Look again", "walk all roots now", app.rescan
        for theme in sorted(app.own_themes):
            yield f"Theme: {theme}", "change the colours", partial(app.take_theme, theme)

    def _runs(self) -> Iterator[Command]:
        app = self._board
        if app.snapshot is None:
            return
        situation = app.snapshot.situation
        for run in situation.runs[:_MOST_RUNS]:
            show = partial(app.post_message, Requested("run", run.key))
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
