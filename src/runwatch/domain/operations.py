"""What a reader says about a run: operations, applied in order to what its file has told so far.

A *source* is one file as one claim reads it. Operations speak for their source alone: ``Replace`` and
``PurgeFrom`` never touch what another file has said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from runwatch.domain.points import IntArray, Points
from runwatch.domain.run import Direction, Status


class Append(msgspec.Struct, frozen=True, eq=False):
    """New points, in the order of writing."""

    tag: str
    """The name that the framework wrote, with the claim's prefix already on it."""
    points: Points
    rows: IntArray | None = None
    """Where each stands in the file (line numbers, offsets; never falling), so that what one tag's restart
    means for the others is known; None: the n-th points of all tags stand together."""


class PurgeFrom(msgspec.Struct, frozen=True):
    """A restart by the file's own word (TensorBoard's ``SessionLog``): every earlier point of the *run's*
    sources of this format with step >= ``step`` is superseded. A counter that just goes back needs no such
    word: it is seen where the points are taken in."""

    step: int


class Replace(msgspec.Struct, frozen=True):
    """The file was rewritten: this source's earlier points go. ``keep_history`` (Lightning's CSV on
    resume) keeps those below the first new step."""

    keep_history: bool = False


class HParams(msgspec.Struct, frozen=True):
    """Hyperparameters, nested as written; later ones win, key by key. ``section``: where the run detail
    shows them: ``hparams``, ``config`` or ``environment``."""

    values: Mapping[str, object]
    section: Literal["hparams", "config", "environment"] = "hparams"


class Evidence(msgspec.Struct, frozen=True):
    """What a file says of the run's end or life. A source's newer evidence replaces its older."""

    status: Status | None
    """running, finished or crashed; None withdraws it."""
    reason: str
    by: Literal["framework", "console", "process"] = "framework"
    """The framework's own word, or console text, which is void once numbers are written after it and never
    passed on to runs below."""
    at: float | None = None
    """Seconds since the epoch, when known."""


class Length(msgspec.Struct, frozen=True):
    """The planned length, where the framework leaves it."""

    steps: int | None = None
    """The last one; 0: no longer known."""
    epochs: float | None = None
    first_epoch: int = 0
    """The number the first epoch bears (0 for YOLOv5, 1 for Ultralytics v8)."""


class Epoch(msgspec.Struct, frozen=True):
    """The greatest epoch seen so far (an attribute beside the step, not a metric)."""

    value: float


class EpochAt(msgspec.Struct, frozen=True, eq=False):
    """The epochs of rows of a growing file, by step: of an attempt that is superseded they count no more.
    Rows of one epoch need not be repeated. ``rows`` as in ``Append``."""

    points: Points
    rows: IntArray | None = None


class Reached(msgspec.Struct, frozen=True):
    """The step that the run has got to by its framework's word, where no point tells it."""

    step: int


class Stated(msgspec.Struct, frozen=True):
    """A metric's direction as the framework states it."""

    tag: str
    direction: Direction


class Rank(msgspec.Struct, frozen=True):
    """Of the files of one *exclusive* claim, which tell the same story, the one with the greatest rank
    counts alone (Hugging Face: ``global_step``). ``at``: when it was written; where two tell different
    stories, the newer one is that of the newest training."""

    value: float
    at: float | None = None


class Writer(msgspec.Struct, frozen=True):
    """Who wrote the file: host name, process id, when the file's first event was written."""

    host: str | None
    pid: int | None
    started: float | None = None


class Started(msgspec.Struct, frozen=True):
    """When the run began, by its own word (seconds since the epoch)."""

    at: float


class Label(msgspec.Struct, frozen=True):
    """A human name or relation that the framework recorded: ``name``, ``parent``, ``group``, ``project``."""

    key: Literal["name", "parent", "group", "project"]
    value: str


Operation = (
    Append
    | PurgeFrom
    | Replace
    | HParams
    | Evidence
    | Length
    | Epoch
    | EpochAt
    | Reached
    | Stated
    | Rank
    | Writer
    | Started
    | Label
)
