"""``runwatch compare`` of two files of predictions: its options, and the comparison."""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.cli import UsageError
from runwatch.cli._output import print_problems
from runwatch.domain.table_formats import READ

if TYPE_CHECKING:
    from runwatch.config.settings import Settings
    from runwatch.domain.comparison import CompareOptions, Comparison
    from runwatch.domain.predictions import ColumnNames
    from runwatch.domain.run import Problem

METRICS = (".json", ".yaml", ".yml")


def prediction_options(group: argparse._ArgumentGroup) -> None:
    column = partial(group.add_argument, metavar="COLUMN")
    several = partial(group.add_argument, action="append", default=[])
    column("--key", help="column that identifies a row, to join both sides")
    column("--target", help="column with the true label or value")
    several("--labels", metavar="FILE", help="file with --key and --target, where the truth comes later")
    column("--prediction", help="column with the predicted label or value")
    score = "column with the score: one, one per class, or a prefix such as p_*"
    several("--score", metavar="COLUMN", help=score)
    column("--baseline-prediction", help="the baseline's prediction column, if named differently")
    baseline_score = "the baseline's score column, if named differently"
    several("--baseline-score", metavar="COLUMN", help=baseline_score)
    threshold = "without --prediction: a score >= T is positive"
    group.add_argument("--threshold", type=float, metavar="T", help=threshold)
    several("--slice", metavar="COLUMN", help="also compare within each group of COLUMN")
    column("--group", help="column whose rows belong together (user, patient)")
    tasks = ("binary", "multiclass", "regression", "forecast")
    group.add_argument("--task", choices=tasks, help="kind of prediction (default: guessed from the data)")
    positive = "the positive class (default: the label that sorts last)"
    group.add_argument("--positive", metavar="LABEL", help=positive)
    group.add_argument("--horizon", type=int, metavar="H", help="forecasts: number of steps ahead")


def kind_of(name: str) -> str:
    lower = name.lower()
    if lower.endswith(READ) and not os.path.isdir(name):
        return "predictions"
    return "metrics" if lower.endswith(METRICS) and not os.path.isdir(name) else "run"


def compare_predictions(args: argparse.Namespace) -> Comparison | Problem:
    from runwatch.domain.predictions import ColumnNames
    from runwatch.monitor.compare_files import compare_prediction_files

    path = args.run[0]
    if args.baseline is not None and kind_of(args.baseline) != "predictions":
        raise UsageError(
            f"--baseline: {args.baseline} is not a predictions file; name a table, such as parquet or CSV"
        )
    columns = ColumnNames(
        args.target,
        prediction=args.prediction,
        score=tuple(args.score),
        key=args.key,
        group=args.group,
        slices=tuple(args.slice),
        baseline_prediction=args.baseline_prediction,
        baseline_score=tuple(args.baseline_score),
        labels=tuple(args.labels),
    )
    names, options, baseline = _configured(args, path, columns)
    return compare_prediction_files(path, baseline, names, _with_arguments(options, args))


def _configured(
    args: argparse.Namespace, path: str, columns: ColumnNames
) -> tuple[ColumnNames, CompareOptions, str | None]:
    """Columns, options and baseline: what the arguments leave open comes from the ``[[predictions]]`` whose
    files match, where there is one."""
    from runwatch.domain.comparison import CompareOptions
    from runwatch.monitor.compare_files import entry_for, prediction_options

    settings = settings_of(args)
    entry = entry_for(path, settings)
    if entry is None:
        return columns, CompareOptions(), args.baseline
    names, options = prediction_options(entry, settings)
    for field in ("target", "prediction", "score", "key", "group", "slices", "labels"):
        if getattr(columns, field):
            names = replace(names, **{field: getattr(columns, field)})
    names = replace(
        names, baseline_prediction=columns.baseline_prediction, baseline_score=columns.baseline_score
    )
    one_file = columns.baseline_prediction or columns.baseline_score
    assumed = os.path.relpath(settings.path(entry.baseline)) if entry.baseline and not one_file else None
    return names, options, args.baseline or assumed


def settings_of(args: argparse.Namespace) -> Settings:
    from runwatch import config

    root = os.path.realpath(args.root[0]) if args.root else os.getcwd()
    settings = config.load((root,), args.config)[root]
    print_problems([settings])
    return settings


def _with_arguments(options: CompareOptions, args: argparse.Namespace) -> CompareOptions:
    """``options`` with what the command line says instead."""
    tolerance, named = options.tolerance, dict(options.tolerances)
    for text in args.tolerance:
        name, _, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise UsageError(f"--tolerance: {text} is not a number >= 0; write 0.01 or val/auc=0.01")
        if name:
            named[name] = number
        else:
            tolerance = number
    given = {"primary": args.primary, "at": args.at, "task": args.task, "positive": args.positive,
             "threshold": args.threshold, "horizon": args.horizon}  # fmt: skip
    stated = {key: value for key, value in given.items() if value is not None}
    return replace(options, tolerance=tolerance, tolerances=named, **stated)
