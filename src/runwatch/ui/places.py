"""The screens that there are once: what the palette calls them, and what makes them. Each is imported when it
is first opened. A new one is a function here; a key for it is a line in ``screens/dashboard.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from runwatch.ui.host import AnyScreen, Host


class Place(NamedTuple):
    """One of them, with its words in the palette."""

    title: str
    about: str
    open: Callable[[Host], AnyScreen]


def _findings(host: Host) -> AnyScreen:
    from runwatch.ui.screens.findings import FindingsScreen

    return FindingsScreen()


def _leaderboard(host: Host) -> AnyScreen:
    from runwatch.ui.screens.leaderboard import Leaderboard

    return Leaderboard(host.choice)


def _brief(host: Host) -> AnyScreen:
    from runwatch.show.screen.history import brief_table
    from runwatch.ui.screens.plain import TableScreen

    briefs = tuple(host.briefs)
    return TableScreen("What happened", lambda snapshot, now: brief_table(briefs))


def _tasks_history(host: Host) -> AnyScreen:
    from runwatch.ui.screens.history import TASKS, HistoryScreen

    return HistoryScreen(TASKS)


def _baselines_history(host: Host) -> AnyScreen:
    from runwatch.ui.screens.history import BASELINES, HistoryScreen

    return HistoryScreen(BASELINES)


def _notes(host: Host) -> AnyScreen:
    from runwatch.show.screen.notices import notes
    from runwatch.ui.screens.plain import TableScreen

    return TableScreen("Notes", notes)


def _machine(host: Host) -> AnyScreen:
    from runwatch.show.screen.machine import machines_table
    from runwatch.ui.screens.plain import TableScreen

    return TableScreen("Machine", machines_table)


def _problems(host: Host) -> AnyScreen:
    from runwatch.show.screen.notices import problems
    from runwatch.ui.screens.plain import TableScreen

    return TableScreen("Problems", lambda snapshot, now: problems(snapshot), header=True)


PLACES = {
    "findings": Place("Findings", "all, in order", _findings),
    "leaderboard": Place("Leaderboard", "all runs ranked by a metric", _leaderboard),
    "brief": Place("What happened", "since you last looked", _brief),
    "tasks-history": Place("History", "what opened, who closed it, how long it took", _tasks_history),
    "baselines-history": Place(
        "Former baselines", "what was compared against when, and why", _baselines_history
    ),
    "notes": Place("Notes", "what was assumed, how folders are watched", _notes),
    "machine": Place("Machine", "disks, memory, GPUs", _machine),
    "problems": Place("Problems", "what could not be read", _problems),
}
