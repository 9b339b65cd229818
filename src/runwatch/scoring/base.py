"""What is asked of the worker, what it answers, and what a model format offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.comparison import PredictionTask
from runwatch.domain.errors import UserError
from runwatch.domain.points import AnyArray
from runwatch.domain.run import Problem
from runwatch.text.safe import safe

MAX_ROWS = 5_000_000
PIECE = 65_536
TRUTH, PREDICTION, SCORE, CONFIDENCE, CLASS = "y_true", "y_pred", "y_score", "confidence", "p_"


class ScoringError(UserError):
    """Why a model cannot be run on a file: ``what`` is wrong with ``file``, and what to do (``hint``)."""

    def __init__(self, file: str, what: str, hint: str = "") -> None:
        super().__init__(f"{file}: {what}" + (f"; {hint}" if hint else ""))
        self.problem = Problem(file, None, what, hint)


def first_line(error: Exception) -> str:
    """What an error says, on one line that may be shown."""
    return safe((str(error).strip() or type(error).__name__).splitlines()[0], 200)


class ScoringJob(msgspec.Struct, frozen=True):
    """One model on one file."""

    model: str
    data: str
    output: str
    identity: str
    """Written into the output."""
    mtime_ns: int = 0
    """The output's time."""
    features: tuple[str, ...] = ()
    """Columns in the model's order, () for those it names itself."""
    target: str | None = None
    key: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    task: PredictionTask | None = None
    classes: tuple[str, ...] = ()
    """Names of its class numbers."""
    positive: str | None = None
    score: str | None = None
    """The output that holds scores."""
    rows: int = MAX_ROWS
    """The most that are read."""
    memory: int | None = None
    """The most that it takes, in bytes; None: half of what this machine has."""
    seconds: float = 300.0
    """The longest that it runs."""
    usual: tuple[str, ...] = ()
    """The reference's columns of numbers in its order, which a model that names none gets."""
    labels: tuple[str, ...] = ()
    """Files of key and target that truth is taken from where the data has none."""


class ScoringAnswer(msgspec.Struct, frozen=True):
    """What a written predictions file holds."""

    identity: str
    """Of the model and the data that it was made of."""
    rows: int
    task: PredictionTask | None
    """None where only class labels are known."""
    predicted: bool
    scores: tuple[str, ...] = ()
    """Its score columns: one, or one a class in label order."""
    classes: tuple[str, ...] = ()
    labelled: int = 0
    """Rows whose truth is known."""
    truths: tuple[str, ...] = ()
    """Class labels that occur among the truths."""
    predicted_labels: tuple[str, ...] = msgspec.field(default=(), name="said")
    bad: int = 0
    """Rows whose output is not a finite number."""
    notes: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """What a file offers a model: all its ``names``; the columns of numbers that the reference has (target
    and key left out), in its order; and the ``features`` that a person named."""

    file: str
    names: tuple[str, ...]
    numeric: tuple[str, ...]
    features: tuple[str, ...] = ()


class RawScores(msgspec.Struct, frozen=True, eq=False):
    """A model's outputs for n rows; None where it has no such output."""

    label: AnyArray | None = None
    """(n,) predicted classes."""
    scores: NDArray[np.float64] | None = None
    """(n, C) one column a class of ``classes``."""
    classes: tuple[Any, ...] | None = None
    value: NDArray[np.float64] | None = None
    """(n,) one number a row."""


KEYS = ("id", "key", "row_id", "sample_id", "index", "uuid")


def numeric_columns(kinds: Mapping[str, object], apart: Collection[str | None]) -> tuple[str, ...]:
    """The names of numbers and booleans among Arrow types by name, without those ``apart`` and usual keys."""
    import pyarrow.types as t

    return tuple(
        name
        for name, kind in kinds.items()
        if name not in apart
        and name.lower() not in KEYS
        and (t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind))
    )


class Scorer(Protocol):
    """A loaded model. ``bind``: the columns that it needs of a file (ScoringError when they are not there);
    ``run``: outputs for an Arrow table of these columns; ``by_place``: neither the model nor a person names
    its columns, so that the reference's order is all there is."""

    by_place: bool

    def bind(self, offer: Offer) -> tuple[str, ...]: ...

    def run(self, table: object) -> RawScores: ...


class ModelFormat(Protocol):
    """A format module. ``NEEDS``: the package that runs it; ``recognise``: by the file's name and first
    bytes; ``load``: raises ScoringError for what cannot or mustn't be loaded."""

    NAME: str
    NEEDS: str

    def recognise(self, path: str, head: bytes) -> bool: ...

    def load(self, path: str, score: str | None) -> Scorer: ...
