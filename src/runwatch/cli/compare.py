"""``runwatch compare``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.cli import UsageError
from runwatch.cli._compare_predictions import (
    _with_arguments,
    compare_predictions,
    kind_of,
    prediction_options,
    settings_of,
)
from runwatch.cli._options import CI_FORMATS, fail_on, formats
from runwatch.cli._output import complain, print_json, print_text, terminal_width
from runwatch.domain.address import host_of, split
from runwatch.text.safe import run_name

if TYPE_CHECKING:
    from runwatch.domain.comparison import Comparison
    from runwatch.domain.remark import Remark
    from runwatch.domain.run import Problem, Run, RunKey
    from runwatch.domain.situation import HostLink
    from runwatch.monitor.once import Loaded

NAME = "compare"
HELP = """Compare runs, metric files or predictions with a baseline.

  runwatch compare exp-17                              a run against the pinned baseline
  runwatch compare exp-17 --baseline exp-12            … against another run
  runwatch compare exp-17 --baseline 'seed-*'          … against a group of seeds
  runwatch compare exp-12 exp-17 exp-18 --format csv   several runs in one table
  runwatch compare cand.json --baseline champ.json     two metrics files
  runwatch compare cand.csv --baseline champ.csv --key id --target y_true --score y_score --slice region
  runwatch compare new.jsonl --baseline old.csv.gz     predictions in any format that data may have
  runwatch compare both.csv --target y --prediction pred_b --baseline-prediction pred_a"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="+",
        help="run (id, name or path), metrics file (JSON, YAML) or table of predictions",
    )
    parser.add_argument(
        "--baseline", metavar="RUN", help="what to compare with: of the same kind, or a glob of runs"
    )
    parser.add_argument("--root", action="append", default=[], help="folder with the runs")
    parser.add_argument("--primary", metavar="METRIC", help="the metric that decides the verdict")
    parser.add_argument(
        "--tolerance",
        metavar="[METRIC=]NUMBER",
        action="append",
        default=[],
        help="largest drop that still counts as equivalent (no METRIC: for the primary metric)",
    )
    parser.add_argument(
        "--at", choices=("last", "best"), help="which value of a run to compare (default: last)"
    )
    parser.add_argument(
        "--step", type=int, metavar="N", help="table of runs: take the last value up to step N"
    )
    formats(parser, "text", "json", "csv", "latex", *CI_FORMATS)
    fail_on(parser)
    prediction_options(parser.add_argument_group("predictions files"))


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.naming import is_elsewhere

    for name in (*args.run, *([args.baseline] if args.baseline else [])):
        if kind_of(name) != "run" and is_elsewhere(name):
            raise UsageError(
                f"{name}: files are compared on the machine that has them; ssh there, or copy it here"
            )
    kinds = [kind_of(name) for name in args.run]
    if len(set(kinds)) > 1 or (len(kinds) > 1 and kinds[0] != "run"):
        raise UsageError("compare: several candidates must all be runs; name one file and --baseline")
    if kinds[0] == "predictions":
        return _report(args, [compare_predictions(args)])
    if kinds[0] == "metrics":
        return _report(args, [_metrics(args)])
    return _runs(args)


def _metrics(args: argparse.Namespace) -> Comparison | Problem:
    from runwatch.monitor.compare_files import compare_file_with_run, compare_metric_files, run_options

    settings, path = settings_of(args), args.run[0]
    options = _with_arguments(run_options(settings), args)
    baseline = args.baseline
    if baseline is None and settings.baseline.metrics is not None:
        baseline = settings.path(settings.baseline.metrics)
    if baseline is not None and kind_of(baseline) == "metrics":
        return compare_metric_files(path, baseline, options)
    loaded = _load(args, [baseline or "."])
    runs = _baseline_runs(args, loaded, None)
    return compare_file_with_run(path, runs, loaded.series, options)


def _load(args: argparse.Namespace, names: Sequence[str]) -> Loaded:
    """Everything below the roots that hold the named runs; a root within another is the other's."""
    from runwatch.cli._runs import roots_for
    from runwatch.domain.tree import is_below
    from runwatch.hosts.loading import load
    from runwatch.monitor.wanted import Wanted

    named_roots = dict.fromkeys(root for name in names for root in roots_for(name, args.config))
    outer = [
        root
        for root in named_roots
        if not any(other != root and is_below(root, other) for other in named_roots)
    ]
    roots = args.root or outer
    return load(roots, args.config, Wanted(data=False, machine=False, judging=False))


def _runs(args: argparse.Namespace) -> int:
    from runwatch.judge.runs.comparing import compare_runs
    from runwatch.monitor.compare_files import compare_run_with_file, run_options, samples_of
    from runwatch.monitor.session import remarks_of

    loaded = _load(args, [*args.run, *([args.baseline] if args.baseline else [])])
    runs = loaded.snapshot.situation.runs
    hosts = loaded.snapshot.watch.hosts
    groups = [_resolved(name, runs, hosts) for name in args.run]
    if len(groups) > 1 and args.baseline is None:
        return _table(args, loaded, [run for group in groups for run in group])
    results: list[Comparison | Problem] = []
    sides: list[tuple[Sequence[Run], Sequence[Run]]] = []
    for group in groups:
        options = _with_arguments(run_options(loaded.settings[group[0].root]), args)
        file = _baseline_file(args, loaded, group[0])
        baseline = _baseline_runs(args, loaded, group[0]) if file is None else ()
        sides.append((group, baseline))
        if file is not None:
            results.append(compare_run_with_file(group[0], file, loaded.series, options))
        else:
            results.append(compare_runs(group, baseline, loaded.series, options, True, samples_of))
    noted = remarks_of(loaded)
    results = [
        _with_notes(one, noted, [run.key for run in (*group, *baseline)])
        for one, (group, baseline) in zip(results, sides, strict=True)
    ]
    if args.format != "json":
        results = [_with_names(one, *its) for one, its in zip(results, sides, strict=True)]
    return _report(args, results)


def _with_names(
    one: Comparison | Problem, group: Sequence[Run], baseline: Sequence[Run]
) -> Comparison | Problem:
    """A comparison for people: its runs as lists call them."""
    from runwatch.domain.comparison import Comparison
    from runwatch.domain.run_names import shown_names
    from runwatch.judge.runs.comparing import group_name

    if not isinstance(one, Comparison):
        return one
    shown = shown_names(list({run.key: run for run in (*group, *baseline)}.values()))
    candidate, other = ([run_name(shown[run.key]) for run in side] for side in (group, baseline))
    return replace(
        one, candidate=group_name(candidate), baseline=group_name(other) if other else one.baseline
    )


def _with_notes(
    one: Comparison | Problem, noted: Sequence[tuple[str, Remark]], keys: Sequence[RunKey]
) -> Comparison | Problem:
    """A comparison with what people say of its runs."""

    from runwatch.domain.run import Problem
    from runwatch.show.remarks import line, of_runs

    if isinstance(one, Problem):
        return one
    remarks = [f"note on {line(remark, time.time())}" for remark in of_runs(noted, keys)]
    return replace(one, notes=(*one.notes, *remarks))


def _resolved(name: str, runs: Sequence[Run], hosts: Sequence[HostLink] = ()) -> tuple[Run, ...]:
    """One run, or the runs that a glob matches."""
    from fnmatch import fnmatchcase

    from runwatch.cli._runs import resolve_run
    from runwatch.hosts.naming import is_elsewhere

    if not any(char in name for char in "*?[") or any(run.id == name for run in runs):
        return (resolve_run(name, runs, hosts),)
    address = split(name) if is_elsewhere(name) else None
    if address is not None:
        runs = [run for run in runs if host_of(run.root) == address[0]]
        name = address[1].rpartition("/")[2]
    matches = tuple(
        run
        for run in runs
        if fnmatchcase(run.id, name) or fnmatchcase(run.id, f"*/{name}") or fnmatchcase(run.name, name)
    )
    if not matches:
        raise UsageError(f"{name}: no run matches; `runwatch ls` lists them")
    return matches


def _baseline_file(args: argparse.Namespace, loaded: Loaded, run: Run) -> str | None:
    """The metrics file to compare with, where it is one. A file is opened on this machine only."""

    if args.baseline is not None:
        return str(args.baseline) if kind_of(args.baseline) == "metrics" else None
    pinned = loaded.snapshot.situation.baselines.get(run.root)
    if pinned is None or pinned.kind != "metrics":
        return None
    if host_of(run.root) is not None:
        raise UsageError(
            f"{run.root}: the baseline is a file there ({pinned.name}); compare there, or --baseline"
        )
    return pinned.name


def _baseline_runs(args: argparse.Namespace, loaded: Loaded, run: Run | None) -> tuple[Run, ...]:
    """The runs to compare with: the named ones, else the baseline of the run's root."""
    from runwatch.monitor.baselines import members

    situation = loaded.snapshot.situation
    if args.baseline is not None:
        return _resolved(args.baseline, situation.runs, loaded.snapshot.watch.hosts)
    root = run.root if run is not None else next(iter(situation.roots), "")
    pinned = situation.baselines.get(root)
    if pinned is None:
        what = run.id if run is not None else "compare"
        raise UsageError(
            f"{what}: no baseline; name one with --baseline, or pin one: runwatch baseline set RUN"
        )
    runs = members(pinned, [one for one in situation.runs if one.root == root])
    if not runs:
        raise UsageError(
            f"{pinned.name}: the baseline ({pinned.source}) is not there; "
            "pin another: runwatch baseline set RUN"
        )
    return runs


def _table(args: argparse.Namespace, loaded: Loaded, runs: Sequence[Run]) -> int:
    from runwatch.domain.run_names import shown_names
    from runwatch.judge.runs.hparam_importance import FEWEST, hparam_importance
    from runwatch.judge.runs.ranking import rank_runs
    from runwatch.monitor.compare_files import run_options
    from runwatch.show.run_table import run_table_json, run_table_text

    options = _with_arguments(run_options(loaded.settings[runs[0].root]), args)
    distinct = list({run.key: run for run in runs}.values())
    table = rank_runs(distinct, args.primary, loaded.series, options, args.step)
    form = args.format
    if form in ("junit", "github"):
        raise UsageError(f"--format: {form} is for a comparison with a baseline; add --baseline RUN")
    matters = hparam_importance(table) if len(distinct) >= FEWEST and form in ("text", "json") else None
    if form == "json":
        print_json(run_table_json(table, matters))
    else:
        text = run_table_text(table, form, matters, shown_names(distinct), terminal_width())
        (print_text if form == "text" else print)(text)
    return 0


def _report(args: argparse.Namespace, results: Sequence[Comparison | Problem]) -> int:
    from runwatch.domain.run import Problem
    from runwatch.show.ci import render_ci
    from runwatch.show.compare import comparison_json, comparison_report, comparison_table, comparison_text
    from runwatch.text.jsonable import hparams

    known = [one for one in results if not isinstance(one, Problem)]
    form = args.format
    for one in results:
        if isinstance(one, Problem):
            complain([one])
        elif one.primary is None and one.verdict == "unknown":
            complain([Problem(one.candidate, None, one.reason)])
    if form == "json" and known:
        parts = [comparison_json(one) for one in known]
        print_json(parts[0] if len(results) == 1 else {"schema": 1, "comparisons": parts})
    elif form == "json":
        reasons = [f"{one.file}: {one.message}" for one in results if isinstance(one, Problem)]
        print_json({"schema": 1, "verdict": "unknown", "error": hparams("; ".join(reasons))})
    elif form in CI_FORMATS and known:
        print(render_ci([comparison_report(one) for one in known], form, args.fail_on))
    else:
        comparisons = [one for one in known if one.metrics or one.verdict != "unknown"]
        for one in comparisons:
            if not args.quiet or _exit_code(one, args.fail_on):
                if form == "text":
                    print_text(comparison_text(one, terminal_width()))
                else:
                    print(comparison_table(one, form))
    return max(3 if isinstance(one, Problem) else _exit_code(one, args.fail_on) for one in results)


def _exit_code(comparison: Comparison, fail_on: str) -> int:
    """0; 1 a guard is worse, or the primary metric with nothing known of the noise; 2 the primary metric is
    worse; 3 nothing could be judged."""
    from runwatch.judge.metrics.severity import severity_of
    from runwatch.show.ci import exit_code

    return exit_code(severity_of(comparison), fail_on)
