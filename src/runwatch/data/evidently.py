"""What Evidently (0.7) has judged: the snapshots of a workspace (``<project>/snapshots/*.json``) and reports
saved as JSON. A project, or a folder of reports, is a data set whose batches are its snapshots; scores,
tests and thresholds stay Evidently's own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from runwatch.domain.borders import JsonMapping
from runwatch.domain.drift import Batch, ColumnDrift, ColumnTrend, DataSet, DriftReport, DriftVerdict
from runwatch.domain.drift_reports import may_be_drift_report
from runwatch.domain.tree import FileStat, Folder
from runwatch.readers.common import bounded_json
from runwatch.system.files import read_regular
from runwatch.text.units import number

_LARGEST = 32 * 2**20
_MOST = 200
_DISTANCES = frozenset(
    {
        "Energy-distance",
        "Hellinger distance",
        "Jensen-Shannon distance",
        "Kullback-Leibler divergence",
        "PSI",
        "Wasserstein distance (normed)",
    }
)
_P_VALUES = frozenset(
    {
        "Anderson-Darling",
        "Cramer-von Mises",
        "Epps-Singleton",
        "Fisher's Exact test",
        "K-S p_value",
        "Mann-Whitney U-rank test",
        "Total-Variation-Distance",
        "Z-test p_value",
        "chi-square p_value",
        "empirical_mmd",
        "g_test",
        "t_test",
    }
)
_NOTE = "as Evidently judged it, by its own tests and thresholds"


class EvidentlySnapshot(msgspec.Struct, frozen=True, eq=False):
    """One snapshot."""

    when: float | None
    columns: tuple[ColumnDrift, ...]
    share: float | None
    """Of drifted columns."""
    drifted: bool
    """Whether that is past its own threshold."""


class EvidentlyWatch:
    """The snapshots of one root; those that did not change are not read again."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[str, tuple[FileStat, EvidentlySnapshot | None]] = {}

    def sets(self, top: Folder, version: int) -> tuple[DataSet, ...]:
        """The data sets that Evidently has judged below the root."""
        known, self._known = self._known, {}
        data_sets = []
        for folder in top.walk():
            names = [name for name in folder.files if may_be_drift_report(folder.join(name))]
            snapshots = list(self._snapshots(folder, names, known))
            if snapshots:
                above = folder.parent
                about = above if folder.name == "snapshots" and above is not None else folder
                data_sets.append(self._data_set(about, snapshots, version))
        return tuple(data_sets)

    def _snapshots(
        self, folder: Folder, names: list[str], known: Mapping[str, tuple[FileStat, EvidentlySnapshot | None]]
    ) -> Iterator[tuple[str, EvidentlySnapshot]]:
        newest = sorted(names, key=lambda name: folder.files[name].mtime_ns)[-_MOST:]
        for name in newest:
            path, stat = folder.join(name), folder.files[name]
            before = known.get(path)
            if before is None or before[0] != stat:
                before = stat, _read(os.path.join(self._root, path), stat)
            self._known[path], snapshot = before, before[1]
            if snapshot is not None:
                yield path, snapshot

    def _data_set(
        self, folder: Folder, snapshots: list[tuple[str, EvidentlySnapshot]], version: int
    ) -> DataSet:
        snapshots.sort(key=lambda one: (one[1].when or 0.0, one[0]))
        batches = tuple(Batch(path, 0, snapshot.when) for path, snapshot in snapshots)
        newest = snapshots[-1][1]
        verdict: DriftVerdict = "warning" if newest.drifted else "stable"
        worst = tuple(sorted(newest.columns, key=lambda one: one.verdict != "warning"))
        report = DriftReport(
            verdict,
            share_drifted=newest.share,
            reference_files=0,
            reference_rows=0,
            current_files=1,
            current_rows=0,
            columns=worst,
            note=_NOTE,
        )
        trends = tuple(_trend(column.name, [one for _, one in snapshots]) for column in worst)
        name = f"{self._title(folder)} (Evidently)"
        reference = "Evidently's own reference"
        return DataSet(
            name,
            root=self._root,
            reference=reference,
            batches=batches,
            trends=trends,
            latest=report,
            assumed=_NOTE,
            version=version,
        )

    def _title(self, folder: Folder) -> str:
        """The project's name by its metadata, else its folder's."""
        if "metadata.json" in folder.files:
            name = _at(_json(os.path.join(self._root, folder.join("metadata.json")), 2**20), "name")
            if isinstance(name, str) and name:
                return name[:100]
        return folder.name if folder.path != "." else os.path.basename(self._root)


def _trend(name: str, snapshots: list[EvidentlySnapshot]) -> ColumnTrend:
    rows = [next((one for one in snapshot.columns if one.name == name), None) for snapshot in snapshots]
    verdicts: list[DriftVerdict] = ["unknown" if row is None else row.verdict for row in rows]
    moved = next((i for i, verdict in enumerate(verdicts) if verdict == "warning"), None)
    confirmed = len(verdicts) > 1 and verdicts[-2:] == ["warning", "warning"]
    return ColumnTrend(name, tuple(verdicts), (None,) * len(rows), moved, confirmed=confirmed)


def _read(path: str, stat: FileStat) -> EvidentlySnapshot | None:
    """What a file says; None: it is no report of Evidently's about drift."""
    value = _json(path, _LARGEST)
    columns: dict[str, ColumnDrift] = {}
    share, limit = None, 0.5
    for params, result in _results(value):
        kind = str(params.get("type", "")).rpartition(":")[2]
        if kind == "DriftedColumnsCount":
            share = bounded_json.number(result.get("share"))
            limit = bounded_json.number(params.get("drift_share")) or limit
        elif kind == "ValueDrift" and isinstance(params.get("column"), str):
            column = _column(params, bounded_json.number(result.get("value")))
            columns.setdefault(column.name, column)
    if share is None and not columns:
        return None
    when = _moment(_at(value, "timestamp"))
    drifted = share is not None and share >= limit
    return EvidentlySnapshot(stat.mtime if when is None else when, tuple(columns.values()), share, drifted)


def _json(path: str, largest: int) -> object:
    """What a file holds; None: nothing that can be read."""
    try:
        return bounded_json.parse(read_regular(path, largest))
    except (OSError, ValueError):
        return None


def _results(value: object) -> Iterator[tuple[JsonMapping, JsonMapping]]:
    """(what was asked, what was found) of each metric of a snapshot or of a report."""
    by_metric, listed = _at(value, "metric_results"), _at(value, "metrics")
    for one in by_metric.values() if isinstance(by_metric, dict) else ():
        params = _at(one, "metric_value_location", "metric", "params")
        if isinstance(params, dict):
            yield params, {"value": _at(one, "value"), "share": _at(one, "share", "value")}
    for one in listed if isinstance(listed, list) else ():
        params = _at(one, "config")
        if isinstance(params, dict):
            yield params, {"value": _at(one, "value"), "share": _at(one, "value", "share")}


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _column(params: Mapping[str, object], score: float | None) -> ColumnDrift:
    method, threshold = str(params.get("method") or ""), bounded_json.number(params.get("threshold"))
    name = str(params["column"])
    small = method in _P_VALUES or method.endswith("p_value")
    sentence = f"Evidently: {method or 'score'} {number(score, 3)}, threshold {number(threshold, 3)}"
    known = small or method in _DISTANCES
    if score is None or threshold is None or math.isnan(score) or not known:
        verdict: DriftVerdict = "unknown"
    else:
        verdict = "warning" if (score < threshold if small else score >= threshold) else "stable"
    p_value = score if small else None
    return ColumnDrift(
        name,
        kind="numeric",
        verdict=verdict,
        reason=sentence,
        method=f"Evidently: {method}",
        p_value=p_value,
        sentence=sentence,
    )


def _moment(text: object) -> float | None:
    """Evidently's times have no zone: they are local."""
    try:
        timestamp = datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return timestamp if 0 <= timestamp < 7258118400 else None
