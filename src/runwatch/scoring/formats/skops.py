"""scikit-learn models saved by skops: only files that hold nothing but types which skops itself trusts."""

from __future__ import annotations

import zipfile
from typing import Any

import numpy as np

from runwatch.scoring.base import Offer, RawScores, ScoringError, first_line
from runwatch.scoring.feeding import framed, require, stacked
from runwatch.text.safe import safe

NAME = "skops"
NEEDS = "skops"
_SHOWN = 8
_MAX_SCHEMA = 64 << 20
_MAX_UNPACKED = 4 << 30
_DATA_ONLY = frozenset({"numpy.dtype"})  # names a type of numbers and runs nothing; imputers keep one


def recognise(path: str, head: bytes) -> bool:
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "schema.json" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def load(path: str, score: str | None) -> _Skops:
    """The model. ScoringError lists the types that are not trusted."""
    import skops.io

    _bounded(path)
    try:
        untrusted = set(skops.io.get_untrusted_types(file=path))
        unknown = sorted(untrusted - _DATA_ONLY)
        if unknown:
            message = ", ".join(safe(name, 80) for name in unknown[:_SHOWN])
            more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
            wrong = f"holds types that are not trusted: {message}{more}"
            raise ScoringError(
                path, wrong, "save it with scikit-learn's own parts only, or export it to ONNX"
            )
        model = skops.io.load(path, trusted=sorted(untrusted & _DATA_ONLY))
    except ScoringError:
        raise
    except Exception as error:
        wrong = f"skops cannot load it: {type(error).__name__}: {first_line(error)}"
        raise ScoringError(path, wrong, "save it again with the installed versions") from error
    if not hasattr(model, "predict"):
        raise ScoringError(path, f"a {safe(type(model).__name__)} predicts nothing", "save the whole model")
    return _Skops(path, model)


def _bounded(path: str) -> None:
    """ScoringError for an archive that unpacks to more than may be held: its directory says so before
    anything is unpacked."""
    with zipfile.ZipFile(path) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    for size, most, what in (
        (sizes.get("schema.json", 0), _MAX_SCHEMA, "its schema"),
        (sum(sizes.values()), _MAX_UNPACKED, "it"),
    ):
        if size > most:
            wrong = f"{what} unpacks to {size >> 20:,} MiB, more than the {most >> 20:,} MiB that are read"
            raise ScoringError(path, wrong, "save a smaller model")


class _Skops:
    def __init__(self, path: str, model: Any) -> None:
        self._path = self._data = path
        self._model = model
        self._columns: tuple[str, ...] = ()
        self.by_place = False
        named = getattr(model, "feature_names_in_", None)
        self._named = None if named is None else tuple(str(name) for name in named)
        self._width = getattr(model, "n_features_in_", None)

    def bind(self, offer: Offer) -> tuple[str, ...]:
        """``features`` in order, else the names that the model was fitted with, else all numeric columns."""
        self._data = offer.file
        self._columns = offer.features or self._named or offer.numeric
        self.by_place = not offer.features and self._named is None
        require(offer, self._columns)
        if self._width is not None and len(self._columns) != self._width:
            message = ", ".join(safe(name, 30) for name in self._columns[:12]) or "none"
            wrong = f"takes {self._width} columns, but there are {len(self._columns)} ({message})"
            raise ScoringError(self._data, wrong, "name them in order: [[models]] features = […]")
        return tuple(dict.fromkeys(self._columns))

    def run(self, table: Any) -> RawScores:
        rows: object = (
            stacked(table, self._columns, "f8")
            if self._named is None
            else framed(table, self._columns, self._named)
        )
        try:
            return self._outputs(rows)
        except ScoringError:
            raise
        except Exception as error:
            wrong = f"cannot run on these columns: {type(error).__name__}: {first_line(error)}"
            raise ScoringError(
                self._data, wrong, "check [[models]] features, their order and types"
            ) from error

    def _outputs(self, rows: Any) -> RawScores:
        model = self._model
        result = np.asarray(model.predict(rows))
        if result.ndim == 2 and result.shape[1] == 1:
            result = result[:, 0]
        if result.ndim != 1:
            raise ScoringError(
                self._path, f"predicts {result.shape[-1]} numbers a row", "one per row is compared"
            )
        classes = getattr(model, "classes_", None)
        if classes is None:
            return (
                RawScores(value=result.astype(np.float64))
                if result.dtype.kind == "f"
                else RawScores(label=result)
            )
        if hasattr(model, "predict_proba"):
            return RawScores(
                result, np.asarray(model.predict_proba(rows), dtype=np.float64), tuple(classes.tolist())
            )
        if hasattr(model, "decision_function") and len(classes) == 2:
            decided = np.asarray(model.decision_function(rows), dtype=np.float64)
            return RawScores(result, None, tuple(classes.tolist()), decided)
        return RawScores(result, None, tuple(classes.tolist()))
