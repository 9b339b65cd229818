"""``runwatch brief``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from runwatch.cli import explained
from runwatch.cli._output import print_problems
from runwatch.text import units
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from concurrent.futures import Future

    from runwatch.monitor.once import Loaded
    from runwatch.show.brief import Brief
    from runwatch.store.snapshot_facts import SnapshotFacts
    from runwatch.store.state import State

from runwatch.cli._options import formats, root_arguments
from runwatch.cli._output import print_json, print_text
from runwatch.system.threads import started

NAME = "brief"
HELP = """What happened since you last looked, in at most 12 lines. Always exits 0, also in a login script.

  runwatch brief
  runwatch brief --since 7d                       includes a summary of the week
  runwatch brief --since 7d --format markdown     a review of the week, to be sent as it is
  runwatch brief --format html > brief.html       a single page for people who are not engineers"""

_WAIT_S = 1.6
_WAIT_PAGE_S = 120.0
_T = TypeVar("_T")


class _HostBrief(NamedTuple):
    """What was found of one root that a person named: its facts, their origin (None: just now), what names
    it in the state, the look itself, and why another machine did not answer."""

    kept: SnapshotFacts
    keys: Sequence[str]
    fresh: bool
    loaded: Loaded | None = None
    missing: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument(
        "--since", metavar="TIME", help="7d, yesterday, 18:04 or 2026-11-25 (default: when you last looked)"
    )
    formats(parser, "text", "markdown", "html", "json")
    parser.add_argument(
        "--wait", type=float, metavar="SECONDS",
        help="how long to read before showing the last saved state (default: 1.6; html: 120)",
    )  # fmt: skip
    setattr(parser, "usage_code", 0)  # noqa: B010


def unknown(reason: str, as_json: bool) -> None:
    """JSON is JSON whatever happens."""
    if as_json:
        from runwatch.show.brief import nothing_json

        print_json(nothing_json(reason, time.time()))


def run(args: argparse.Namespace) -> int:
    late = False
    try:
        late = _brief(args, time.monotonic())
    except BrokenPipeError:
        raise
    except Exception as error:  # a login goes on whatever happens
        if args.debug:
            raise

        words = str(error) if isinstance(error, ValueError) else explained(error)
        print(f"runwatch: brief: {safe(words)}", file=sys.stderr)
        unknown(words, args.format == "json")
    if late:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # work goes on in a thread that is not waited for
    return 0


def _brief(args: argparse.Namespace, began: float) -> bool:
    """Say what is known in time; whether a look is still going on."""
    from runwatch.show.brief import since_moment
    from runwatch.store.state import open_state

    now = time.time()
    since = since_moment(args.since, now) if args.since else None
    wait = args.wait if args.wait is not None else _timeouts(args)
    with open_state() as state:
        names, finding = _names(args, began + wait)
        work = {name: _begun(partial(_host_brief, args, name, state, now)) for name in names}
        looks: list[_HostBrief] = []
        silent: list[str] = []
        for name, one in work.items():
            host = _result(one, began + wait)
            if host is None:
                host = _remembered(state, name)
                silent.append(_waiting(name, host, now))
            elif host.missing:
                silent.append(f"{host.missing}, as of {units.since(host.kept.facts['now'], now)}")
            looks += [host] if host else []
            if host and host.loaded:
                silent += [link.message for link in host.loaded.snapshot.watch.hosts if link.message]
        if looks:
            _print(args, state, looks, silent, now, since)
        elif args.format == "json":
            unknown("; ".join(silent) or "still reading, and nothing saved yet", True)
        else:
            print_text(f"runwatch: {'; '.join(silent)}; runwatch brief --wait 60 waits longer")
    return finding or not all(one.done() for one in work.values())


def _timeouts(args: argparse.Namespace) -> float:
    """Seconds that a brief may take; another machine is waited for."""
    from runwatch.hosts.loading import ANSWER_TIMEOUT_S
    from runwatch.hosts.naming import is_elsewhere

    if args.format == "html":
        return _WAIT_PAGE_S
    return ANSWER_TIMEOUT_S + _WAIT_S if args.all_hosts or any(map(is_elsewhere, args.roots)) else _WAIT_S


def _names(args: argparse.Namespace, until: float) -> tuple[list[str], bool]:
    """The roots as a person names them, one by one: a page is about all of them at once; and whether the
    configuration that may name them is still being read."""
    if args.all_hosts or args.format == "html":
        return [""], False
    if args.roots:
        return list(dict.fromkeys(args.roots)), False
    from runwatch.config import configured_roots

    reading = _begun(lambda: configured_roots(args.config) or (os.getcwd(),))
    names = _result(reading, until)
    return list(names or [os.environ.get("PWD", ".")]), not reading.done()


def _host_brief(args: argparse.Namespace, name: str, state: State, now: float) -> _HostBrief:
    """One root (or, "", all of them): what a running process keeps of it, else a look."""
    from runwatch import config
    from runwatch.hosts.loading import load
    from runwatch.hosts.naming import is_elsewhere
    from runwatch.monitor.once import resolve_roots
    from runwatch.monitor.session import identities, is_watched, save_facts, saved_facts
    from runwatch.show.text.status import is_old

    names = [name] if name else list(args.roots)
    if not args.all_hosts and not any(map(is_elsewhere, names)):
        roots = resolve_roots(names, args.config)
        settings = config.load(roots, args.config)
        print_problems(settings.values())
        keys = identities(roots, settings)
        facts = saved_facts(state, keys, roots)
        kept = facts and not is_old(facts, now) and is_watched(state, keys, now)
        if facts and kept and args.format != "html":
            return _HostBrief(facts, keys, True)
    loaded = load(names, args.config, all_hosts=args.all_hosts)
    if not loaded.snapshot.situation.roots and (remembered := _remembered(state, name)):
        missing = "; ".join(link.message for link in loaded.snapshot.watch.hosts)
        return remembered._replace(missing=missing)
    keys = identities(loaded.snapshot.situation.roots, loaded.settings)
    return _HostBrief(save_facts(state, keys, loaded.snapshot, now), keys, True, loaded)


def _remembered(state: State, name: str) -> _HostBrief | None:
    """What was kept of a root that does not answer: by its name alone, the disk is not asked."""
    from runwatch.store.kept_facts import of_root

    path = os.path.normpath(os.path.join(os.environ.get("PWD", "/"), os.path.expanduser(name)))
    facts = of_root(state.kept_rows(), name) or of_root(state.kept_rows(), path)
    return _HostBrief(facts, facts.facts.get("keys", ()), False) if facts else None


def _waiting(name: str, host: _HostBrief | None, now: float) -> str:
    shown = safe(name) or "the roots"
    if host is None:
        return f"{shown}: still reading, and nothing saved yet"
    return f"{shown}: no answer yet, as of {units.since(host.kept.facts['now'], now)}"


def _print(
    args: argparse.Namespace,
    state: State,
    looks: Sequence[_HostBrief],
    silent: Sequence[str],
    now: float,
    since: float | None,
) -> None:
    from runwatch.hosts.loading import remote_history
    from runwatch.show.brief import compose, text
    from runwatch.show.remarks import facts_of
    from runwatch.store.kept_facts import merge_facts

    merged = merge_facts([look.kept for look in looks])
    assert merged is not None  # there is one look at least
    keys = [key for look in looks for key in look.keys]
    facts = {**merged.facts, "looked": state.looked(keys)}
    history = [(entry.root, entry.event) for entry in state.history(keys)]
    history += [event for look in looks for event in remote_history(look.loaded)]
    start = since if since is not None else facts["looked"] or now - 86400.0
    names = {
        key: root for look in looks for key, root in zip(look.keys, look.kept.facts["roots"], strict=False)
    }
    notes = facts_of([(names.get(key, key), remark) for key, remark in state.remarks(keys, start)])
    old = not any(look.fresh for look in looks)
    alone = old and len(silent) == 1 and not looks[0].missing
    brief = compose(facts, history, now, since, 0.0 if old else None, () if alone else silent, notes)
    if args.format == "text":
        print_text("\n".join(text(brief)))
    else:
        print(_rendered(args.format, brief, looks[0].loaded), end="")


def _rendered(form: str, brief: Brief, loaded: Loaded | None) -> str:
    from runwatch.show import brief as show

    if form == "json":
        from runwatch.text.jsonable import dump

        return dump(show.as_json(brief)) + "\n"
    if form == "markdown":
        return show.markdown(brief)
    from runwatch.show.html.report import html

    return html(brief, loaded)


def _begun(do: Callable[[], _T]) -> Future[_T]:
    """Work of a thread that nobody waits for at the end; where none can be had it is done here."""
    from concurrent.futures import Future

    work: Future[_T] = Future()

    def run() -> None:
        try:
            work.set_result(do())
        except Exception as error:  # raised where the result is asked for
            work.set_exception(error)

    if started(run, "runwatch-brief") is None:
        run()
    return work


def _result(work: Future[_T], until: float) -> _T | None:
    """What it made, None when it is not ready at ``until`` (``time.monotonic``). Raises what it raised."""
    from concurrent.futures import wait

    wait([work], max(until - time.monotonic(), 0.0))
    return work.result() if work.done() else None
