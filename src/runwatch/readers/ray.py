"""Ray Tune: a trial's ``result.json`` (JSON lines), and its status from ``experiment_state-*.json``.

``progress.csv`` and the trial's tfevents repeat ``result.json``: claimed, or superseded, but not read.
The experiment state holds pickles in hex: they are never decoded."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Evidence, HParams, Operation, Started, Writer
from runwatch.domain.run import Status
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile, unchanged
from runwatch.readers.common import bounded_json
from runwatch.readers.common.documents import read_whole
from runwatch.readers.common.lines import NewRows, read_rows, take_json
from runwatch.readers.common.point_log import PointLog
from runwatch.system.files import Opened

NAME = "ray"
PRIORITY = 60
LOOKS_FOR = ("result.json",)

_LOOK = 64 * limits.KIB
_STATE = re.compile(r"experiment_state-\S{1,80}\.json")
_STATUSES: dict[str, Status | None] = {
    "RUNNING": "running",
    "PAUSED": "running",
    "PENDING": None,
    "TERMINATED": "finished",
    "ERROR": "crashed",
}
_STEP = "training_iteration"
_NOT_METRICS = frozenset(
    (_STEP, "config", "trial_id", "date", "timestamp", "hostname", "node_ip", "pid", "done",
     "checkpoint_dir_name", "experiment_id", "experiment_tag", "time_since_restore", "time_total_s",
     "time_this_iter_s", "iterations_since_restore", "timesteps_since_restore", "warmup_time")
)  # fmt: skip


def claim(listing: Listing) -> Iterable[Claim]:
    """A trial's numbers, and apart from them what says how it ended: the newest experiment state, which all
    trials share, or else the trial's ``error.txt`` (a trial that was tried again keeps its old one)."""
    if "result.json" not in listing.files or not _is_trial(listing):
        return []
    own = tuple(listing.join(name) for name in ("result.json", "progress.csv") if name in listing.files)
    repeated = frozenset({"tensorboard", "sb3", "csv"})
    claims = [Claim(NAME, NAME, listing.path, own, priority=PRIORITY, supersedes=repeated)]
    above = listing.parent
    states = sorted(filter(_STATE.fullmatch, above.files)) if above is not None else []
    word = above.join(states[-1]) if above is not None and states else None
    if word is None and "error.txt" in listing.files:
        word = listing.join("error.txt")
    if word is not None:
        claims.append(Claim(NAME, "", listing.path, (word,), priority=PRIORITY, role="part"))
    return claims


def _is_trial(listing: Listing) -> bool:
    head = listing.head("result.json")
    if listing.files["result.json"].size == 0:
        return "params.json" in listing.files or "params.pkl" in listing.files
    return head.startswith(b"{") and (b'"training_iteration"' in head or b'"trial_id"' in head)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """``result.json`` line by line; ``error.txt`` and the experiment state whole."""
    name = source.file.rpartition("/")[2]
    if name == "progress.csv":
        return unchanged(source, cursor)
    if name != "result.json":
        return read_whole(claim, source, cursor, partial(_evidence, claim, source, name))
    return _results(claim, read_rows(source, cursor, final))


def _results(claim: Claim, rows: NewRows) -> Reading:
    changes: list[Operation] = []
    log = PointLog()

    def take(row: JsonDict) -> None:
        step = bounded_json.whole(row[_STEP])
        if step is None:
            raise ValueError
        if not rows.state.get("introduced"):
            changes.extend(_introduction(row))
            rows.state["introduced"] = True
        wall = bounded_json.number(row.get("timestamp"))
        metrics = {key: value for key, value in row.items() if key not in _NOT_METRICS}
        log.next_row()
        for tag, value in bounded_json.flat_numbers(metrics).items():
            log.add(tag, step, value, math.nan if wall is None else wall)

    take_json(rows, rows.notes, take, "not a JSON object with training_iteration", "remove the line")
    return rows.reading(claim, [*changes, *log.operations()])


def _introduction(row: JsonDict) -> Iterator[Operation]:
    """What the first row tells beside numbers: the configuration, who writes, and since when."""
    if isinstance(row.get("config"), dict) and row["config"]:
        yield HParams(row["config"])
    stamp, spent = bounded_json.number(row.get("timestamp")), bounded_json.number(row.get("time_total_s"))
    started = None if stamp is None else stamp - (spent or 0.0)
    if started is not None:
        yield Started(started)
    host, pid = row.get("hostname"), row.get("pid")
    if isinstance(host, str) and isinstance(pid, int):
        yield Writer(host, pid, started)


def _evidence(claim: Claim, source: SourceFile, name: str, data: bytes) -> Iterator[Operation]:
    if name == "error.txt":
        yield Evidence("crashed", f"error.txt: {_last_line(data)}")
    elif (evidence := _status(claim, source, data)) is not None:
        yield evidence


def _status(claim: Claim, source: SourceFile, data: bytes) -> Evidence | None:
    trial = claim.run_id.rpartition("/")[2]
    word, at = _statuses(data).get(trial, ("", None))
    status = _STATUSES.get(word)
    if status is None:
        return None
    reason = f"Ray Tune says {word}"
    if status == "crashed":
        try:
            with Opened(os.path.join(source.root, claim.run_id, "error.txt")) as opened:
                start = max(opened.stat.size - _LOOK, 0)
                reason += f": {_last_line(opened.pread(_LOOK, start))}"
        except OSError:
            reason += " (no error.txt)"
    return Evidence(status, reason, at=at)


def _last_line(data: bytes) -> str:
    lines = data.decode("utf-8", "backslashreplace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "empty"


@lru_cache(maxsize=2)
def _statuses(data: bytes) -> dict[str, tuple[str, float | None]]:
    """By trial directory: the status, and when its last result came. One state file tells of all trials of
    an experiment and is read for each of them. Raises ValueError."""
    state = bounded_json.parse(data)
    pairs = state.get("trial_data") if isinstance(state, dict) else None
    if not isinstance(pairs, list):
        raise ValueError("no trial_data")
    statuses: dict[str, tuple[str, float | None]] = {}
    for pair in pairs:
        texts = pair if isinstance(pair, list) else [pair]
        parts = [bounded_json.parse(text) for text in texts if isinstance(text, str)]
        trial = next((part for part in parts if isinstance(part, dict) and "status" in part), {})
        folder = trial.get("relative_logdir") or trial.get("logdir")
        if isinstance(folder, str):
            times = [part.get("last_result_time") for part in parts if isinstance(part, dict)]
            at = next((time for time in times if isinstance(time, float)), None)
            statuses[folder.rstrip("/").rpartition("/")[2]] = (str(trial["status"]), at)
    return statuses
