"""``runwatch brief``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from runwatch.monitor.once import Loaded
    from runwatch.show.brief import Brief
    from runwatch.store.state import State

from runwatch.cli._roots import root_arguments

NAME = "brief"
HELP = """What happened since you last looked, in at most 12 lines; never fails a login (exit code 0).

  runwatch brief
  runwatch brief --since 7d                       with the week's summary
  runwatch brief --format html > brief.html       one file, for people who are not engineers"""

_PATIENCE_S = 1.5
_PATIENCE_FIRST_S = 10.0
_PATIENCE_REPORT_S = 120.0


class _Known(NamedTuple):
    """The facts to speak of; the look itself where there was one; how old facts may be unsaid; the roots'
    identities."""

    facts: Mapping[str, Any]
    loaded: Loaded | None
    fresh_for: float | None
    identities: Sequence[str]


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument(
        "--since", metavar="TIME", help="7d, yesterday, 18:04, 2026-11-25 (default: last look)"
    )
    parser.add_argument(
        "--format", choices=("text", "markdown", "html", "json"), default="text", help="how to print"
    )
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="--format json")
    setattr(parser, "usage_code", 0)  # noqa: B010


def run(args: argparse.Namespace) -> int:
    try:
        _brief(args)
    except BrokenPipeError:
        raise
    except Exception as error:  # a login goes on whatever happens
        if args.debug:
            raise
        from runwatch.cli import explained
        from runwatch.text.safe import safe

        words = str(error) if isinstance(error, ValueError) else explained(error)
        print(f"runwatch: brief: {safe(words)}", file=sys.stderr)
    return 0


def _brief(args: argparse.Namespace) -> None:
    from runwatch.show.brief import since_moment
    from runwatch.store import paths
    from runwatch.store.state import State

    now = time.time()
    since = since_moment(args.since, now) if args.since else None
    with contextlib.closing(State(paths.state_dir())) as state:
        known, late = _known(args, state, now)
        if known is None:
            print("runwatch: still reading, and nothing was kept yet; open the dashboard once: runwatch")
        else:
            _say(args, state, known, now, since)
    if late:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # the look goes on in a thread that nobody waits for


def _say(args: argparse.Namespace, state: State, known: _Known, now: float, since: float | None) -> None:
    from runwatch.show.brief import compose

    facts = {**known.facts, "looked": state.looked(known.identities)}
    history = [(entry.root, entry.event) for entry in state.history(known.identities)]
    brief = compose(facts, history, now, since, known.fresh_for)
    print(_rendered(args.format, brief, known), end="")


def _rendered(form: str, brief: Brief, known: _Known) -> str:
    from runwatch.show import brief as show

    if form == "json":
        from runwatch.text.jsonable import dump

        return dump(show.as_json(brief)) + "\n"
    if form == "markdown":
        return show.markdown(brief)
    if form == "html":
        from runwatch.show.html.report import html

        return html(brief, known.loaded)
    return "\n".join(show.text(brief)) + "\n"


def _known(args: argparse.Namespace, state: State, now: float) -> tuple[_Known | None, bool]:
    """What is known within the time that a login may take, and whether a look is still going on."""
    from runwatch import config
    from runwatch.cli._output import say_problems
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.text.status import BEATS
    from runwatch.store import paths

    roots = resolve_roots(args.roots, args.config)
    settings = config.load(roots, args.config)
    say_problems(settings.values())
    identities = [paths.root_identity(root, settings[root].id) for root in roots]
    kept = state.kept(" ".join(identities))
    silent = BEATS * kept.beat if kept else None
    if kept and silent and now - kept.at <= silent and args.format != "html":
        return _Known(kept.facts, None, silent, identities), False
    patience = _PATIENCE_S if kept else _PATIENCE_FIRST_S
    loaded, failed = _look(roots, args.config, patience if args.format == "text" else _PATIENCE_REPORT_S)
    if loaded:
        return _Known(_kept_now(loaded, state, identities, now), loaded, None, identities), False
    if failed and not kept:
        raise failed
    return (_Known(kept.facts, None, silent, identities) if kept else None), failed is None


def _kept_now(loaded: Loaded, state: State, identities: Sequence[str], now: float) -> Mapping[str, Any]:
    """The facts of a look, kept for the next time that there is none."""
    from datetime import date

    from runwatch.monitor.root_state import BEAT_S
    from runwatch.store.snapshot_facts import facts

    made = facts(loaded.snapshot, date.fromtimestamp(now))
    with contextlib.suppress(OSError):
        state.keep(" ".join(identities), made, now, BEAT_S)
    return made


def _look(
    roots: Sequence[str], config_file: str | None, patience: float
) -> tuple[Loaded | None, Exception | None]:
    """A look that took at most ``patience`` seconds; (None, None) when it is still going on."""
    from runwatch.monitor.once import load

    done: list[Loaded] = []
    failed: list[Exception] = []

    def look() -> None:
        try:
            done.append(load(roots, config_file))
        except Exception as error:  # told by the caller
            failed.append(error)

    thread = threading.Thread(target=look, name="runwatch-brief", daemon=True)
    thread.start()
    thread.join(patience)
    return (done[0] if done else None), (failed[0] if failed else None)
