"""``runwatch quality``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.cli._options import CI_FORMATS, fail_on, formats
from runwatch.cli._output import complain, print_json, print_text
from runwatch.cli.drift import column_options, data_options, kept_profiles
from runwatch.domain.errors import UserError

if TYPE_CHECKING:
    from runwatch.domain.run import Problem
    from runwatch.judge.quality.case import QualityCase

NAME = "quality"
HELP = """Check the quality of a file, folder, glob or URL.

  runwatch quality data.parquet
  runwatch quality new.csv --reference train.csv --target label --key id
  runwatch quality batches/ --reference reference.parquet --expect runwatch.toml --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="file, folder, glob or URL to check")
    parser.add_argument("--reference", metavar="REF", help="trusted data to compare with")
    formats(parser, "text", "json", *CI_FORMATS)
    data_options(parser)
    parser.add_argument(
        "--expect",
        metavar="FILE",
        help="TOML file with rules ([data.expect] or top level), or a pandera schema",
    )
    parser.add_argument("--engine", metavar="dask://HOST:PORT", help="do the work on a running Dask cluster")
    fail_on(parser)


def run(args: argparse.Namespace) -> int:
    from runwatch.judge.quality.run import examine, verdict
    from runwatch.show.ci import exit_code, render_ci
    from runwatch.show.quality import quality_json, quality_report, quality_text

    case, problems = _case(args, time.time())
    complain(problems)
    read = case is not None
    faults = examine(case) if case is not None else ()
    overall = verdict(faults) if read else "unknown"
    rows = case.current.rows if case is not None else 0
    if args.format == "json":
        name = os.path.basename(os.path.normpath(args.data)) or args.data
        print_json(quality_json(overall, faults, name, time.time(), rows, problems))
    elif args.format != "text":
        print(render_ci([quality_report(overall, faults, rows, args.data)], args.format, args.fail_on))
    elif read and not (getattr(args, "quiet", False) and overall == "ok"):
        columns = len(case.current.grid.columns) if case is not None else 0
        guesses = _guesses(case, bool(getattr(args, "verbose", 0)))
        print_text(quality_text(overall, faults, rows, columns, guesses))
    info = overall == "ok" and any(fault.severity == "info" for fault in faults)
    return exit_code("info" if info else overall, args.fail_on)


def _guesses(case: QualityCase | None, explain: bool) -> list[str]:
    """What the columns were taken for."""
    if not explain or case is None:
        return []
    return [
        f"  {column.name}: {column.kind}{'' if column.guessed else ' (declared)'}, {column.role}"
        for column in case.current.grid.columns
    ]


def _case(args: argparse.Namespace, now: float) -> tuple[QualityCase | None, list[Problem]]:
    """(what the checks look at, problems); None where no data could be read."""
    from runwatch.data.errors import DataError
    from runwatch.monitor.data_pipeline import DataSpec, engine_of, open_data, quality_case

    options = replace(column_options(args), expect=_expect(args.expect))
    spec = DataSpec(
        "quality",
        root="",
        reference=(args.reference or args.data,),
        batches=(args.data,),
        options=options,
        engine=args.engine or "",
    )
    engine = engine_of(spec.engine)
    with kept_profiles() as cache:
        opened = open_data(spec, cache, engine, tolerant=True)
        for problem in opened.misconfigured:
            raise DataError(problem.file, problem.message, problem.hint)
        if not opened.named:
            return None, list(opened.problems)
        case, trouble = quality_case(
            spec, opened, opened.named, (), cache, now, engine, compared=bool(args.reference)
        )
    return case, [*opened.problems, *trouble]


def _expect(path: str | None) -> Mapping[str, object]:
    """The rules of a TOML file: its ``[data.expect]`` (or that of the first ``[[data]]``), else all of it; or
    those of a pandera schema file (YAML, JSON)."""
    if path is None:
        return {}
    if path.lower().endswith((".yaml", ".yml", ".json")):
        from runwatch.data.pandera_schema import expectations

        return expectations(path)
    import tomllib

    try:
        with open(path, "rb") as handle:
            table = tomllib.load(handle)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); give a TOML file of expectations") from error
    data = table.get("data", table)
    if isinstance(data, list):
        data = next((one for one in data if "expect" in one), {})
    rules = data.get("expect", data if data is table else {}) if isinstance(data, dict) else {}
    return rules if isinstance(rules, dict) else {}
