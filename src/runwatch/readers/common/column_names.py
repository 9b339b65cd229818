"""Which names place a number: step-like keys, epochs, clocks, ranks; and who the folder's run is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from runwatch.domain.directions import direction_of, split_of
from runwatch.domain.points import FloatArray
from runwatch.readers.base import Listing

RL_TOTALS = (
    "time/total_timesteps",
    "total_timesteps",
    "timesteps_total",
    "misc/total_timesteps",
    "timestepssofar",
    "totalenvinteracts",
    "totalenvsteps",
    "total/steps",
)
RL_COUNTS = (
    "steps",
    "iters",
    "itr",
    "timesteps",
    "num_timesteps",
    "env_step",
    "env_steps",
    "num_env_steps",
    "total_env_steps",
    "diagnostics/cumsteps",
    "iterssofar",
    "nupdates",
    "learner_steps",
    "actor_steps",
    "frames",
    "num_frames",
)
"""What the relatives of Baselines call a step in their ``progress.csv``."""
STEP_KEYS = (
    "step",
    "global_step",
    "_step",
    "trainer/global_step",
    "current_steps",
    "num_updates",
    *RL_TOTALS,
    "iteration",
    "iter",
    "training_iteration",
    "num_batches",
    "batch",
    "epoch",
    "round",
    "episode",
    "timestep",
    *RL_COUNTS,
    "total_steps",
)
WEAK_STEP_KEYS = frozenset(
    {"iteration", "iter", "num_batches", "batch", "round", "episode", "timestep", "steps", "iters", "itr"}
    | {"timesteps", "env_step", "env_steps", "frames", "num_frames"}
)
LENGTH_KEYS = ("total_steps", "max_steps")
STEP_OF_LENGTH = "global_step/max_steps"
WALL_KEYS = ("timestamp", "_timestamp", "wall_time", "created_at", "date", "time")
_DATA = (
    "id,uid,uuid,y_true,y_pred,y_score,y_prob,y_proba,target,label,labels,prediction,predictions,predicted,"
    "pred,image_id,user_id,customer_id,sample_id"
)
DATA_WORDS = frozenset(_DATA.split(","))
RANK_KEYS = {
    **dict.fromkeys(("rank", "local_rank", "global_rank"), "rank"),
    **dict.fromkeys(("worker", "worker_id"), "worker"),
    **dict.fromkeys(("trial", "trial_id"), "trial"),
    "process_index": "process",
    "fold": "fold",
    "seed": "seed",
}
"""Columns whose integers tell whose a row is, and what stands before the number in its tags."""
MMENGINE = "vis_data"
LOG_NAMES = frozenset({"metrics", "progress", "history", "log", "logs", "results", "training", "train"})

_AXES = frozenset({"iter", "iters", "iteration", "global_step", "_step", "current_steps"})
_BOOKKEEPING = frozenset({*LENGTH_KEYS, "percentage", "elapsed_time", "remaining_time", "eta_seconds"})
_STEP_ORDER = {name: i for i, name in enumerate(STEP_KEYS)}
_WALL_ORDER = {name: i for i, name in enumerate(WALL_KEYS)}
_EARLIEST, _LATEST = 3.15e8, 7.2582e9
_RANK = re.compile(
    r"(?:^|[._-])(?:rank|worker|process|proc|gpu)[._-]?\d{1,6}(?:$|[._-])", re.ASCII | re.IGNORECASE
)
_TABLE = re.compile(rb"\s{0,8}\"?(?:epoch|step|iter\w{0,8})\"?\s{0,24}[,;\t]", re.IGNORECASE)
RANK_FOLDER = re.compile(r"(?:rank|local_rank|worker|process|proc|gpu)[_-]?\d{1,6}", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """``name`` as it is looked up: lower case, blanks as underscores."""
    return name.strip().lower().replace(" ", "_")


def step_key(names: Iterable[str]) -> str | None:
    """The step-like name that counts, as it is written, or None."""
    return _first(names, _STEP_ORDER)


def starts_as_table(head: bytes) -> bool:
    """Whether a log of any name begins with the header of a table."""
    return _TABLE.match(head) is not None


def index_key(names: Sequence[str]) -> str | None:
    """The unnamed first column that a data frame's index leaves, where a loss stands beside it, or that of
    CatBoost's ``cv``, a number of trees in any other table; or None."""
    if names and names[0] == "iterations" and any(name.endswith("-mean") for name in names):
        return names[0]
    unnamed = bool(names) and names[0] in ("", "Unnamed: 0")
    return names[0] if unnamed and any("loss" in plain(name) for name in names) else None


def wall_key(names: Iterable[str]) -> str | None:
    """The name that tells the clock, as it is written, or None."""
    return _first(names, _WALL_ORDER)


def is_place(name: str) -> bool:
    """Whether ``name`` says when or where (epoch, clock, rank, how far it is), and is no metric."""
    key = plain(name)
    return key == "epoch" or key in _WALL_ORDER or key in RANK_KEYS or key in _BOOKKEEPING


def is_loss(name: str) -> bool:
    """A loss, or a metric of a part of the data: what training writes and a table of data has not."""
    return direction_of(name) is not None and ("loss" in plain(name) or split_of(name) is not None)


def metric_columns(names: Sequence[str], step: str | None) -> list[int]:
    """Which names are metrics: no step, no second counter beside it, no clock, no rank."""
    return [
        i
        for i, name in enumerate(names)
        if name and name != step and not is_place(name) and not (step and plain(name) in _AXES)
    ]


def length_column(names: Sequence[str], step: str | None) -> int | None:
    """Where the planned number of steps stands."""
    return next((i for i, name in enumerate(names) if plain(name) in LENGTH_KEYS and name != step), None)


def _first(names: Iterable[str], order: dict[str, int]) -> str | None:
    ranked_names = [(order[key], name) for name in names if (key := plain(name)) in order]
    return min(ranked_names)[1] if ranked_names else None


def seconds(values: FloatArray) -> FloatArray:
    """Clock values as seconds since the epoch: milliseconds above 1e11 (then micro- and nanoseconds); NaN
    where the value is no moment between 1980 and 2200, such as seconds since start."""
    result = values.astype(np.float64, copy=True)
    with np.errstate(invalid="ignore", over="ignore"):
        for limit, scale in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
            result[values > limit] = values[values > limit] / scale
            values = result
        result[~((result >= _EARLIEST) & (result <= _LATEST))] = np.nan
    return result


def moment(text: object, utc: bool = False) -> float:
    """ISO 8601 (without a zone: local time, or ``utc``) as seconds since the epoch; NaN if it is none."""
    try:
        time = datetime.fromisoformat(str(text).strip())
        timestamp = (time.replace(tzinfo=UTC) if utc and time.tzinfo is None else time).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan
    return timestamp if _EARLIEST <= timestamp <= _LATEST else math.nan


def clock(value: object) -> float:
    """One moment as a file tells it (a number as in ``seconds``, or ISO 8601) in seconds since the epoch;
    NaN if it is none."""
    if isinstance(value, str):
        return moment(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(seconds(np.array([float(value)]))[0])
    except OverflowError:
        return math.nan


def ranked(stem: str) -> bool:
    """Whether a file name tells one process of a launch: ``metrics_rank0``."""
    return _RANK.search(stem) is not None


def place(listing: Listing) -> tuple[str, str]:
    """The run that a table in this folder belongs to, and the prefix of its tags: a folder named ``rank_0``
    or ``worker1`` is a part of the run above it, and so is MMEngine's ``vis_data``."""
    above = listing.parent
    if above is not None and listing.name == MMENGINE:
        return above.path, ""
    if above is not None and RANK_FOLDER.fullmatch(listing.name):
        return above.path, f"{listing.name}/"
    return listing.path, ""


def by_prefix(listing: Listing, tags: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """The files of one folder, oldest first, by the prefix of their tags: a file that shares a tag with
    another (two ranks of a launch) has its stem before its tags."""
    count = Counter(tag for file_tags in tags.values() for tag in file_tags)
    result: dict[str, list[str]] = {}
    for name in sorted(tags, key=lambda name: (listing.files[name].mtime_ns, name)):
        stem = name.rpartition(".")[0]
        apart = any(count[tag] > 1 for tag in tags[name])
        result.setdefault(f"{stem}/" if apart else "", []).append(name)
    return result
