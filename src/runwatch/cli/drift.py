"""``runwatch drift``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.cli._options import CI_FORMATS, fail_on, formats
from runwatch.cli._output import complain, print_json, print_text
from runwatch.domain.borders import JsonDict
from runwatch.domain.errors import UserError

if TYPE_CHECKING:
    from runwatch.domain.drift import DriftReport
    from runwatch.domain.profile import DataOptions
    from runwatch.store.cache import CacheFile

NAME = "drift"
HELP = """Has the data drifted? Compare files or folders with a reference.

  runwatch drift reference.parquet batches/2026-03-01.parquet
  runwatch drift train/ 'batches/*.csv' --target label --json
  runwatch drift s3://bucket/ref.parquet s3://bucket/new/ --by region"""

_KINDS = ("numeric", "categorical", "boolean", "datetime", "text")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REFERENCE", help="reference data: file, folder, glob or URL")
    parser.add_argument(
        "current", metavar="CURRENT", nargs="+", help="data to check: files, folders, globs or URLs"
    )
    formats(parser, "text", "json", *CI_FORMATS)
    parser.add_argument("--by", metavar="COLUMN", help="also check each value of COLUMN separately")
    data_options(parser)
    parser.add_argument("--prediction", metavar="COLUMN", help="column with the predictions")
    parser.add_argument("--score", metavar="COLUMN", help="column with the scores")
    parser.add_argument(
        "--importance",
        metavar="FILE",
        help="JSON or CSV file with each column's importance, to order the results",
    )
    parser.add_argument(
        "--multivariate",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="also look for drift of all columns together, with a classifier (takes seconds)",
    )
    parser.add_argument("--engine", metavar="dask://HOST:PORT", help="do the work on a running Dask cluster")
    fail_on(parser)


def data_options(parser: argparse.ArgumentParser) -> None:
    """Options that say what the columns are."""
    parser.add_argument("--target", metavar="COLUMN", help="column with the label")
    parser.add_argument("--group", metavar="COLUMN", help="column whose rows belong together (user, patient)")
    parser.add_argument("--key", metavar="COLUMN", help="column that identifies a row")
    parser.add_argument(
        "--include", metavar="PATTERN", action="append", default=[], help="only these columns"
    )
    parser.add_argument("--exclude", metavar="PATTERN", action="append", default=[], help="not these columns")
    parser.add_argument(
        "--kind",
        metavar="COLUMN=KIND",
        action="append",
        default=[],
        help=f"set a column's kind instead of guessing it: {', '.join(_KINDS)}",
    )


def kinds(pairs: Sequence[str]) -> JsonDict:
    """``COLUMN=KIND`` options as a mapping."""

    out: dict[str, object] = {}
    for pair in pairs:
        name, _, kind = pair.rpartition("=")
        if not name or kind not in _KINDS:
            raise UserError(f"--kind {pair}: is not COLUMN=KIND; use one of {', '.join(_KINDS)}")
        out[name] = kind
    return out


@contextmanager
def kept_profiles() -> Iterator[CacheFile]:
    """The cache of profiles, so that files which have not changed are not read again."""
    from runwatch.store.cache import CacheFile
    from runwatch.system.folders import cache_dir

    cache = CacheFile(cache_dir())
    try:
        yield cache
    finally:
        cache.close()


def run(args: argparse.Namespace) -> int:
    from runwatch.data.overlooked import unread_below
    from runwatch.show.ci import exit_code, render_ci
    from runwatch.show.drift import drift_json, drift_report, drift_text, worst_level

    report, segments = judged(args)
    complain((*report.problems, *unread_below((args.reference, *args.current))))
    if args.format == "json":
        print_json(drift_json(report, segments))
    elif args.format != "text":
        made = drift_report(report, segments, args.reference, args.current)
        print(render_ci([made], args.format, args.fail_on))
    elif not getattr(args, "quiet", False) or report.verdict != "stable":
        print_text(drift_text(report, segments, bool(getattr(args, "verbose", 0))))
    return exit_code(worst_level(report, segments), args.fail_on)


def column_options(args: argparse.Namespace) -> DataOptions:
    """What ``data_options`` say of the columns."""
    from runwatch.domain.profile import DataOptions

    return DataOptions(
        include=tuple(args.include),
        exclude=tuple(args.exclude),
        kinds=kinds(args.kind),
        target=args.target,
        key=args.key,
        group=args.group,
    )


def judged(args: argparse.Namespace) -> tuple[DriftReport, Sequence[tuple[str, DriftReport]]]:
    """(the report, one report a segment)."""
    from runwatch.data.errors import DataError
    from runwatch.monitor.data_pipeline import DataSpec, compare, engine_of, open_data

    options = replace(
        column_options(args),
        prediction=args.prediction,
        score=args.score,
        segments=(args.by,) if args.by else (),
        multivariate=args.multivariate,
    )
    spec = DataSpec(
        "drift",
        root="",
        reference=(args.reference,),
        batches=tuple(args.current),
        options=options,
        importance=args.importance or "",
        engine=args.engine or "",
    )
    engine = engine_of(spec.engine)
    with kept_profiles() as cache:
        opened = open_data(spec, cache, engine)
        compared = compare(spec, opened, opened.named, (), cache, engine)
    for problem in compared.misconfigured if opened.files else opened.problems:
        raise DataError(problem.file, problem.message, problem.hint)
    return compared.report, compared.segments
