"""ONNX models through onnxruntime on the CPU: inputs fed by column, outputs told apart by type and shape."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray
from runwatch.scoring.base import PIECE, Offer, RawScores, ScoringError, first_line
from runwatch.scoring.feeding import require, stacked
from runwatch.text.safe import safe

NAME = "ONNX"
NEEDS = "onnxruntime"
_NOISE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .*? failed: ?")
_DOUBLE = re.compile(r"Could not find an implementation|tensor\(double\)|NOT_IMPLEMENTED")
_TYPES = {
    "tensor(float)": "f4",
    "tensor(double)": "f8",
    "tensor(float16)": "f2",
    "tensor(int64)": "i8",
    "tensor(int32)": "i4",
    "tensor(int16)": "i2",
    "tensor(int8)": "i1",
    "tensor(uint8)": "u1",
    "tensor(bool)": "?",
    "tensor(string)": "O",
}


class _Input(NamedTuple):
    """One input of the graph. ``width``: columns that it takes, None when any; ``rank`` 1 or 2."""

    name: str
    dtype: str
    width: int | None
    rank: int


def recognise(path: str, head: bytes) -> bool:
    return path.lower().endswith(".onnx")


def load(path: str, score: str | None) -> _Onnx:
    """The model, on one thread. ScoringError for what onnxruntime rejects or what takes no table."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        message = _message(error)
        hint = "export it again"
        if _DOUBLE.search(message):
            hint = "it has no float64 form of this: export the model with float32 inputs (FloatTensorType)"
        raise ScoringError(path, f"onnxruntime rejects it: {message}", hint) from error
    return _Onnx(path, session, score)


def _message(error: Exception) -> str:
    """Without onnxruntime's codes and the file's path."""
    return _NOISE.sub("", first_line(error))


class _Onnx:
    def __init__(self, path: str, session: Any, score: str | None) -> None:
        self._path = path
        self._session = session
        self._data = path
        self._score = score
        self.by_place = False
        self._inputs = [_input(path, node) for node in session.get_inputs()]
        self._fixed = _fixed_rows(session.get_inputs())
        self._columns: list[tuple[_Input, tuple[str, ...]]] = []
        outputs = [node.name for node in session.get_outputs()]
        if score is not None and score not in outputs:
            message = ", ".join(safe(name, 40) for name in outputs)
            raise ScoringError(path, f"has no output {safe(score)}", f"its outputs are {message}")

    def bind(self, offer: Offer) -> tuple[str, ...]:
        """By name where every input is one column; else ``features`` in order, else all numeric columns."""
        self._data = offer.file
        names = [one.name for one in self._inputs]
        if offer.features:
            require(offer, offer.features)
            self._columns = self._shared(offer.features, "features")
        elif len(names) == 1 and (self._inputs[0].width != 1 or names[0] not in offer.names):
            self.by_place = True
            require(offer, offer.numeric)
            self._columns = self._shared(offer.numeric, "numeric columns")
        elif wide := [one for one in self._inputs if one.width != 1]:
            what = f"input {safe(wide[0].name)} takes several columns"
            raise ScoringError(self._data, what, "name them all in order: [[models]] features = […]")
        else:
            require(offer, names)
            self._columns = [(one, (one.name,)) for one in self._inputs]
        return tuple(dict.fromkeys(name for _, group in self._columns for name in group))

    def _shared(self, columns: tuple[str, ...], what: str) -> list[tuple[_Input, tuple[str, ...]]]:
        """The columns dealt out to the inputs, each as many as it takes."""
        open_ended = [one for one in self._inputs if one.width is None]
        known = sum(one.width or 0 for one in self._inputs)
        rest = len(columns) - known
        if len(open_ended) > 1 or rest < 0 or (rest and not open_ended):
            takes = f"{known}{' or more' if open_ended else ''}"
            message = ", ".join(safe(name, 30) for name in columns[:12]) or "none"
            wrong = f"takes {takes} columns, but there are {len(columns)} {what} ({message})"
            raise ScoringError(self._data, wrong, "name them in order: [[models]] features = […]")
        dealt, at = [], 0
        for one in self._inputs:
            width = rest if one.width is None else one.width
            dealt.append((one, columns[at : at + width]))
            at += width
        return dealt

    def run(self, table: Arrow) -> RawScores:
        size = self._fixed or PIECE
        pieces = [self._piece(table.slice(at, size), size) for at in range(0, table.num_rows, size)]
        return _joined(pieces)

    def _piece(self, table: Arrow, size: int) -> RawScores:
        rows = table.num_rows
        feed: dict[str, AnyArray] = {}
        for one, columns in self._columns:
            block = stacked(table, columns, one.dtype)
            if self._fixed and rows < size:
                block = np.concatenate([block, np.repeat(block[-1:], size - rows, axis=0)])
            feed[one.name] = block[:, 0] if one.rank == 1 else block
        try:
            result = self._session.run(None, feed)
        except Exception as error:
            wrong = f"onnxruntime cannot run it on these columns: {_message(error)}"
            raise ScoringError(
                self._data, wrong, "check [[models]] features, their order and types"
            ) from error
        names = [node.name for node in self._session.get_outputs()]
        return _cut(
            raw_scores(self._path, dict(zip(names, result, strict=True)), len(block), self._score), rows
        )


def _input(path: str, node: Any) -> _Input:
    dtype = _TYPES.get(node.type)
    shape = list(node.shape or [])
    if dtype is None or len(shape) > 2 or not shape:
        message = f"input {safe(node.name)} is {safe(node.type)} of shape {safe(str(shape))}"
        raise ScoringError(path, f"takes no table: {message}", "only models of rows and columns are scored")
    if len(shape) == 1:
        return _Input(node.name, dtype, 1, 1)
    return _Input(node.name, dtype, shape[1] if isinstance(shape[1], int) else None, 2)


def _fixed_rows(nodes: Any) -> int | None:
    """How many rows the graph insists on at a time, None for any number."""
    sizes = {node.shape[0] for node in nodes if node.shape and isinstance(node.shape[0], int)}
    return max(sizes) if sizes else None


def raw_scores(path: str, outputs: dict[str, object], rows: int, score: str | None) -> RawScores:
    """Which output is the label, which the scores. A list of dicts (ZipMap), a matrix of floats and several
    outputs that add up to one are scores a class, one float a row is a value, one whole number or text a row
    is a label."""
    label: AnyArray | None = None
    values: dict[str, NDArray[np.float64]] = {}
    matrices: dict[str, tuple[NDArray[np.float64], tuple[object, ...] | None]] = {}
    for name, result in outputs.items():
        if isinstance(result, list) and result and isinstance(result[0], dict):
            keys = tuple(result[0])
            matrices[name] = (
                np.array([[row[key] for key in keys] for row in result], dtype=np.float64),
                keys,
            )
            continue
        array = np.asarray(result)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim not in (1, 2) or len(array) != rows:
            continue
        if array.dtype.kind == "f" and array.ndim == 2:
            matrices[name] = (array.astype(np.float64), None)
        elif array.dtype.kind == "f":
            values[name] = array.astype(np.float64)
        elif array.ndim == 1 and label is None:
            label = array
    if score is not None:
        values = {name: one for name, one in values.items() if name == score}
        matrices = {name: pair for name, pair in matrices.items() if name == score}
    if label is not None and score is None and not matrices and _shares(values):
        matrices = {"": (np.column_stack(list(values.values())), None)}
        values = {}
    candidates = [*matrices, *values]
    if len(candidates) > 1:
        message = ", ".join(safe(name, 40) for name in candidates)
        raise ScoringError(path, f"several outputs may be the score: {message}", '[[models]] score = "…"')
    if label is None and not candidates:
        message = ", ".join(safe(name, 40) for name in outputs)
        raise ScoringError(path, f"no output is a label or score a row: {message}", "export it with one")
    scores, classes = next(iter(matrices.values()), (None, None))
    return RawScores(label, scores, classes, next(iter(values.values()), None))


def _shares(values: dict[str, NDArray[np.float64]]) -> bool:
    """Whether several outputs of one float a row are the classes' probabilities, one output a class."""
    if len(values) < 2:
        return False
    total = np.sum(list(values.values()), axis=0)
    return bool(np.abs(total - 1).max(initial=0.0) < 1e-3)


def _cut(raw: RawScores, rows: int) -> RawScores:
    def part(array: AnyArray | None) -> AnyArray | None:
        return None if array is None else array[:rows]

    return RawScores(part(raw.label), part(raw.scores), raw.classes, part(raw.value))


def _joined(pieces: list[RawScores]) -> RawScores:
    def part(arrays: list[Any]) -> Any:
        return None if arrays[0] is None else np.concatenate(arrays)

    return RawScores(
        part([one.label for one in pieces]),
        part([one.scores for one in pieces]),
        pieces[0].classes,
        part([one.value for one in pieces]),
    )
