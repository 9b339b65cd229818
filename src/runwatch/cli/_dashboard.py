"""``runwatch [ROOT...]``: the dashboard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runwatch.cli._options import root_arguments

if TYPE_CHECKING:
    from runwatch.config.settings import Settings, Ui
    from runwatch.hosts.targets import Target
    from runwatch.monitor.trusting import Ask
    from runwatch.ui.host import Watching
    from runwatch.ui.settings import UiSettings

_THREADS = 8
"""Those of Textual and ours that a board cannot do without, and a few to spare."""
NAME = ""
HELP = """Model monitoring on one terminal screen: the runs under ROOT, data drift, metrics against the
baseline, and a to-do list.

  runwatch ~/runs          open the dashboard on a folder of runs
  runwatch gpu1:~/runs     runs on another machine, over ssh; several roots share one board
  runwatch demo            try it on sample runs that keep changing
  runwatch COMMAND --help  help on one command"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--no-mouse", action="store_true", help="do not capture the mouse")
    parser.epilog = "commands:\n" + _commands()


def _commands() -> str:
    from importlib import import_module

    from runwatch.cli import command_names

    if "-h" not in sys.argv and "--help" not in sys.argv:
        return ""
    rows = []
    for name in command_names():
        first = import_module(f"runwatch.cli.{name}").HELP.splitlines()[0]
        rows.append(f"  {name:<11} {first}")
    return "\n".join([*rows, "", "To open a folder named like a command, write ./NAME."])


def run(args: argparse.Namespace) -> int:
    return open_dashboard(args.roots, args)


def _watching(
    roots: tuple[str, ...], settings: Mapping[str, Settings], others: Sequence[Target], own: Settings
) -> Watching:
    if not others:
        from runwatch.cli._dashboard_monitor import DashboardMonitor

        return DashboardMonitor(roots, settings)
    from runwatch.cli._dashboard_fleet import fleet

    return fleet(roots, settings, others, own)


def _theme(name: str, own: Path | None) -> str:
    """The theme that a person means: its name, or what follows "runwatch-" in it. Raises UsageError."""
    from textual.theme import BUILTIN_THEMES

    from runwatch.cli import UsageError
    from runwatch.ui.themes import load_themes, shipped_themes

    ours = load_themes(shipped_themes(), *([own] if own else [])).themes
    known = [*ours, *BUILTIN_THEMES]
    for candidate in (name, f"runwatch-{name}"):
        if candidate in known:
            return candidate
    raise UsageError(
        f"--theme: there is no theme {name!r}; there are {', '.join(sorted(ours))}, and Textual's own"
    )


def _check_names(roots: list[str]) -> None:
    """A word that is no folder may be a mistyped command. Raises UsageError."""
    import os

    from runwatch.cli import UsageError, command_names
    from runwatch.text.nearest import did_you_mean

    for word in roots:
        question = did_you_mean(word, command_names(), shown="runwatch {}".format)
        if question and not os.path.exists(word):
            raise UsageError(f"{word}: no such directory or command; {question}")


def open_dashboard(roots: list[str], args: argparse.Namespace) -> int:
    """Open the dashboard on ``roots`` and stay until the person leaves; after a question about trust was
    answered with yes, it is opened again with what holds then."""
    from runwatch.cli._memory import no_collecting

    with no_collecting():
        from runwatch.ui.leaving import RESTART

        while (code := _open_once(roots, args)) == RESTART:
            pass
    return code


def _open_once(roots: list[str], args: argparse.Namespace) -> int:
    from runwatch import config
    from runwatch.hosts.naming import split_by_host
    from runwatch.monitor.once import resolve_roots
    from runwatch.ui.run import refused

    here, others = split_by_host(roots, args.config, getattr(args, "all_hosts", False))
    _check_names(list(here))
    paths = resolve_roots(here, args.config) if here or not others else ()
    complaint = refused()
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    settings = config.load(paths, args.config)
    from runwatch.cli._log import log_to
    from runwatch.cli._memory import collect_from_here, share_one_arena
    from runwatch.monitor.trusting import asks
    from runwatch.system.folders import state_dir
    from runwatch.system.threads import must_have
    from runwatch.ui.run import run as open_screen

    share_one_arena()
    must_have(_THREADS)  # asked before the terminal is taken
    own = settings[paths[0]] if paths else config.user_settings(args.config)
    state = state_dir()
    log = state / "runwatch.log" if state else None
    screen = _ui_settings(args, own.ui, paths, asks(settings), log)
    log_to(log)
    watching = _watching(paths, settings, others, config.user_settings(args.config))
    collect_from_here()
    return open_screen(watching, screen)


def _ui_settings(
    args: argparse.Namespace, ui: Ui, roots: tuple[str, ...], questions: tuple[Ask, ...], log: Path | None
) -> UiSettings:
    from runwatch.system.folders import config_dir
    from runwatch.text.ascii import wants_ascii
    from runwatch.ui.settings import UiSettings

    own = config_dir()
    themes = own / "themes" if own else None
    return UiSettings(
        theme=_theme(args.theme, themes) if args.theme else ui.theme or "",
        keymap=ui.keymap,
        layout=ui.layout,
        mouse=ui.mouse and not args.no_mouse,
        asks=questions,
        themes=themes,
        log=log,
        roots=roots,
        ascii_only=getattr(args, "ascii", False) or wants_ascii(),
    )
