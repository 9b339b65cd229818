"""``runwatch note``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from runwatch.cli import UsageError
from runwatch.cli._options import formats, one_root, since
from runwatch.cli._output import print_json
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.domain.remark import RemarkKind
    from runwatch.monitor.session import Session

NAME = "note"
HELP = """Keep notes on runs, batches and baselines, in your own words; #words are tags.

  runwatch note exp-17 "rate too high, loss jumps #lr"      N on the dashboard
  runwatch note exp-17 "ask Ana" --task                     and a task that links to it
  runwatch note --batch orders/2026-11-30.parquet "late, the shop was closed"
  runwatch note --baseline "champion since the audit"
  runwatch note                                             all of them
  runwatch note --tag lr --format csv > notes.csv           those with a tag, as a file
  runwatch note --delete 7"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="RUN TEXT", help="a run and the text of the note")
    one_root(parser)
    parser.add_argument("--batch", metavar="DATA/BATCH", help="a note on a batch of a data set")
    parser.add_argument("--baseline", action="store_true", help="a note on the baseline")
    parser.add_argument("--task", action="store_true", help="also add a task that links to the note")
    parser.add_argument("--tag", metavar="TAG", help="list the notes with this tag")
    parser.add_argument(
        "--since", metavar="TIME", help="list the notes since then (7d, yesterday, 2026-11-01)"
    )
    parser.add_argument("--delete", type=int, metavar="ID", help="delete a note")
    formats(parser, "text", "json", "csv", "markdown")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.naming import is_elsewhere
    from runwatch.monitor.session import Session

    if is_elsewhere(args.root or (args.words or [""])[0]):
        return _add_on_host(args)
    with Session([args.root] if args.root else [], args.config) as session:
        if session.state.in_memory:
            print(f"runwatch: {session.state.notice}", file=sys.stderr)
            return 1
        if args.delete is not None:
            gone = any(session.state.drop_remark(session.identity(r), args.delete) for r in session.roots)
            if not gone:
                raise UsageError(f"note {args.delete}: no such note; runwatch note lists them")
            print(f"note {args.delete} is gone")
            return 0
        kind, name, text = _parse_words(args)
        if text:
            return _add(args, session, kind, name, text, time.time())
        return _list(args, session, kind if name or args.baseline else None, name, time.time())


def _parse_words(args: argparse.Namespace) -> tuple[RemarkKind, str, str]:
    """(kind, name, text); no text: list."""
    words: list[str] = args.words
    if args.baseline:
        return "baseline", "", " ".join(words).strip()
    if args.batch:
        return "batch", args.batch, " ".join(words).strip()
    return "run", words[0] if words else "", " ".join(words[1:]).strip()


def _subject(args: argparse.Namespace, session: Session, kind: RemarkKind, name: str) -> tuple[str, str]:
    """(root, subject) that a name means: a run is looked for."""
    from runwatch.cli._runs import resolve_run, runs_below

    if kind != "run":
        return session.roots[0], name
    run = resolve_run(name, runs_below(session.roots, args.config).situation.runs)
    return run.root, run.id


def _add(
    args: argparse.Namespace, session: Session, kind: RemarkKind, name: str, text: str, now: float
) -> int:
    from datetime import date

    from runwatch.domain.intents import AddNote, AddTask
    from runwatch.show.remarks import remarks_json

    root, subject = _subject(args, session, kind, name)
    answer = session.tasks.handle(AddNote(root, kind, subject, text), now, date.fromtimestamp(now))
    if not answer.ok:
        raise SystemExit(f"runwatch: {safe(answer.message)}")
    ((_, remark),) = session.state.remarks([session.identity(root)])[-1:]
    if args.task:
        project = "".join(c if not c.isspace() and c != ":" else "-" for c in subject.lstrip("+@"))
        line = f"{text}{f' +{project}' if project else ''} note:{remark.id}"
        added = session.tasks.handle(AddTask(line, root), now, date.fromtimestamp(now))
        if not added.ok:
            raise SystemExit(f"runwatch: {safe(added.message)}")
    if args.format == "json":
        print_json(remarks_json([(root, remark)]))
    else:
        print(f"{safe(answer.message)}  [{remark.id}]")
    return 0


def _add_on_host(args: argparse.Namespace) -> int:
    """A note on a run of another machine is kept there."""
    from runwatch.cli._runs import resolve_run, roots_for, runs_below
    from runwatch.domain.intents import AddNote
    from runwatch.hosts.requests import asking

    kind, name, text = _parse_words(args)
    if not text or args.task or args.delete is not None or args.format != "text":
        raise UsageError("on another machine notes can only be added; list and delete them there")
    root, subject = args.root or roots_for(name, args.config)[0], name
    if kind == "run":
        snapshot = runs_below([root], args.config)
        run = resolve_run(name, snapshot.situation.runs, snapshot.watch.hosts)
        root, subject = run.root, run.id
    with asking(root, args.config) as remote:
        did = remote.do(AddNote(remote.path, kind, subject, text))
    if not did.ok:
        raise UsageError(f"{remote.host}: {safe(did.message)}")
    print(f"{safe(did.message)} on {remote.host}")
    return 0


def _list(args: argparse.Namespace, session: Session, kind: RemarkKind | None, name: str, now: float) -> int:
    from runwatch.show.remarks import remarks_json, remarks_table

    noted = session.remarks(since(args.since, now) if args.since else 0.0)
    if kind is not None:
        root, subject = _subject(args, session, kind, name)
        noted = [(r, m) for r, m in noted if m.kind == kind and r == root and m.subject == subject]
    if args.tag:
        noted = [(root, remark) for root, remark in noted if args.tag.lstrip("#") in remark.tags]
    if args.format == "json":
        print_json(remarks_json(noted))
    elif noted or args.format != "text":
        print(remarks_table(noted, args.format, now))
    else:
        print("no notes yet; runwatch note RUN TEXT adds one")
    return 0
