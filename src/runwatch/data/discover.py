"""Finding references and their batches, and predictions files, by name and schema, with no configuration."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from runwatch.config.settings import Predictions
from runwatch.data.files import natural
from runwatch.data.formats import suffix
from runwatch.domain.predictions import usual_column

Schema = Callable[[str], Sequence[tuple[str, str]]]

_REFERENCE = re.compile(r"(^|[^a-z])(reference|ref|baseline|golden|train|training)([^a-z]|$)")
_STRONG = re.compile(r"(^|[^a-z])(reference|ref|golden)([^a-z]|$)")
BATCH_FOLDERS = ("batches", "batch", "current", "incoming", "new", "daily", "production", "prod", "live")
_BATCH_FILES = re.compile(r"(^|[^a-z])(current|production|prod|batch|live|new|incoming)([^a-z]|$)")
_LOGS = re.compile(
    r"(^|[^a-z])(metrics|log|logs|history|progress|results|losses|monitor|events|todo)([^a-z]|$)"
)
_PREDICTIONS = re.compile(r"(^|[^a-z])(pred|preds|prediction|predictions|scores|scored|champion|challenger)")
_BASELINE = re.compile(r"(^|[^a-z])(champion|baseline|prod|production|reference|current)([^a-z]|$)")
_UNREAD_TABLE = re.compile(r"(.*?/)?(\.hoodie/|_versions/[^/]+\.manifest$)")
_MIN_SHARED = 0.5
_TRIED = 3


class ListedFile(NamedTuple):
    """One file of a listing: its path relative to the root (with ``/``), bytes, mtime in seconds."""

    path: str
    size: int
    mtime: float


class FoundData(NamedTuple):
    """A data set found by name."""

    name: str
    reference: tuple[str, ...]
    """Paths relative to the root, as ``batches``."""
    batches: tuple[str, ...]
    assumed: str
    """What was assumed, in words."""


def discover(entries: Sequence[ListedFile], schema: Schema) -> list[FoundData]:
    """Data sets in a listing: a reference (a file or folder called reference, train, baseline, …) and dated,
    numbered or so-called batches beside it with the same columns. ``schema`` reads (name, type) pairs of a
    path and may raise; it is called for few files only."""
    tables = [
        e for e in with_tables_folded(entries) if e.size > 0 and is_table(e.path) and not is_log(e.path)
    ]
    tables = [e for e in tables if not _PREDICTIONS.search(_stem(e.path))]
    out: list[FoundData] = []
    for folder, reference in sorted(references_in(tables).items()):
        batches = batches_of(folder, reference, tables)
        if not any(_alike(reference[0], batch, schema) for batch in batches[: -_TRIED - 1 : -1]):
            continue
        name = posixpath.basename(folder) or "data"
        out.append(FoundData(name, tuple(reference), tuple(batches), _assumption(reference, batches)))
    return _named_apart(out)


def is_table(path: str) -> bool:
    """Whether a path is a data file by its name, or a folder that is one table; JSON documents are not."""
    ending = suffix(path)
    return path.endswith("/") or (
        ending is not None and not ending.startswith(".json.") and ending != ".json"
    )


def unread_tables(entries: Sequence[ListedFile]) -> dict[str, str]:
    """Folders that are tables of formats which are not read, "" or with a ``/`` at the end, and what they
    are."""
    unread = {}
    for entry in entries:
        match = _UNREAD_TABLE.match(entry.path)
        if match:
            unread[match[1] or ""] = "a Hudi table" if match[2].startswith(".hoodie") else "a Lance dataset"
    return unread


def with_tables_folded(entries: Sequence[ListedFile]) -> list[ListedFile]:
    """Entries with the files of each Delta or Iceberg table as one entry, its folder with a ``/`` at the
    end: which of its files live, its own log says. Without those of tables that are not read."""
    unread = tuple(unread_tables(entries))
    entries = [entry for entry in entries if not entry.path.startswith(unread)] if unread else entries
    tops = {e.path.rpartition("_delta_log/")[0] for e in entries if "_delta_log/" in e.path}
    tops |= {e.path.rpartition("metadata/")[0] for e in entries if e.path.endswith(".metadata.json")}
    tops.discard("")
    folded: dict[str, ListedFile] = {}
    for entry in entries:
        top = next((top for top in tops if entry.path.startswith(top)), entry.path)
        before = folded.get(top, ListedFile(top, 0, 0.0))
        folded[top] = ListedFile(top, before.size + entry.size, max(before.mtime, entry.mtime))
    return list(folded.values())


def is_log(path: str) -> bool:
    """Whether a file's name is one of a run's logs."""
    return bool(_LOGS.search(_stem(path)))


def strongly_named(path: str) -> bool:
    """Whether a file's name says that it is a reference, and not perhaps the log of a training."""
    return bool(_STRONG.search(_stem(path)))


def _stem(path: str) -> str:
    base = posixpath.basename(path.rstrip("/")).lower()
    ending = suffix(base)
    return base[: -len(ending)] if ending else base


def references_in(tables: Sequence[ListedFile]) -> dict[str, list[str]]:
    """Reference files by the folder that holds the data set. A file beside the batches wins over a folder of
    files, and "reference" over "train"."""
    files: dict[str, list[str]] = {}
    folders: dict[str, list[str]] = {}
    for entry in tables:
        folder = posixpath.dirname(entry.path.rstrip("/"))
        name = posixpath.basename(folder).lower()
        if _REFERENCE.search(_stem(entry.path)) and not re.search(r"\d", _stem(entry.path)):
            files.setdefault(folder, []).append(entry.path)
        elif _REFERENCE.search(name):
            folders.setdefault(posixpath.dirname(folder), []).append(entry.path)
    out = {folder: sorted(paths, key=natural) for folder, paths in folders.items()}
    for folder, paths in files.items():
        strong = [path for path in paths if _STRONG.search(_stem(path))]
        out[folder] = [sorted(strong or paths, key=natural)[0]]
    return out


def batches_of(folder: str, reference: Sequence[str], tables: Sequence[ListedFile]) -> list[str]:
    """The batches of a data set, in natural order: a folder called batches, current, … beside the reference,
    else dated or numbered files beside it, else files called current, production, …, else the folder beside
    it that has the most dated or numbered files."""
    taken = set(reference)
    ending = suffix(reference[0])
    rest = [e.path for e in tables if e.path not in taken]
    others = [path for path in rest if suffix(path) == ending] or rest
    inside = [path for path in others if _first_folder(path, folder) in BATCH_FOLDERS]
    siblings = [path for path in others if posixpath.dirname(path.rstrip("/")) == folder]
    dated = [path for path in siblings if re.search(r"\d", _stem(path))]
    called = [path for path in siblings if _BATCH_FILES.search(_stem(path))]
    return sorted(inside or dated or called or _fullest(others, folder), key=natural)


def _fullest(paths: Sequence[str], folder: str) -> list[str]:
    """The numbered files of that folder below ``folder`` which has the most, two at least."""
    numbered: dict[str, list[str]] = {}
    for path in paths:
        inner = _first_folder(path, folder)
        if inner and re.search(r"\d", _stem(path)):
            numbered.setdefault(inner, []).append(path)
    fullest = max(numbered.values(), key=len, default=[])
    return fullest if len(fullest) > 1 else []


def _first_folder(path: str, folder: str) -> str:
    """The first folder of ``path`` below ``folder``, lower case; empty when it lies elsewhere."""
    inner = path if not folder else path[len(folder) + 1 :] if path.startswith(folder + "/") else ""
    head, slash, _ = inner.partition("/")
    return head.lower() if slash else ""


def _alike(reference: str, batch: str, schema: Schema) -> bool:
    """Whether the two share at least half of the reference's columns (of two or more)."""
    try:
        before = {name for name, _ in schema(reference)}
        now = {name for name, _ in schema(batch)}
    except Exception:  # a file that cannot be read is no data set yet; it is met again when it changes
        return False
    return len(before) > 1 and len(before & now) >= _MIN_SHARED * len(before)


def _assumption(reference: Sequence[str], batches: Sequence[str]) -> str:
    what = (
        reference[0]
        if len(reference) == 1
        else f"{len(reference)} files in {posixpath.dirname(reference[0])}"
    )
    first, last = batches[0], batches[-1]
    these = first if len(batches) == 1 else f"{len(batches)} batches, {first} to {last}"
    return f"assumed: {what} is the reference, by its name, and {these} the new data"


def _named_apart(candidates: list[FoundData]) -> list[FoundData]:
    """Names made unique by the folder of their reference."""
    names = [one.name for one in candidates]
    return [
        one._replace(name=posixpath.dirname(one.reference[0]) or one.name)
        if names.count(one.name) > 1
        else one
        for one in candidates
    ]


def discover_predictions(
    root: str, entries: Sequence[ListedFile], schema: Schema
) -> list[tuple[Predictions, str]]:
    """Predictions files: named so, with a column of truths and one of predictions or scores; grouped by
    folder, where one is called champion, baseline, production, … and others are not. (The entry; what was
    assumed.)"""
    folders: dict[str, list[str]] = {}
    for entry in entries:
        if entry.size > 0 and suffix(entry.path) and is_prediction(entry.path):
            folders.setdefault(posixpath.dirname(entry.path), []).append(entry.path)
    found = (_predictions(root, *one, schema) for one in sorted(folders.items()))
    return [one for one in found if one is not None]


def is_prediction(path: str) -> bool:
    """Whether a file's name or its folder's says that it holds predictions."""
    folder = posixpath.basename(posixpath.dirname(path)).lower()
    return bool(_PREDICTIONS.search(_stem(path)) or _PREDICTIONS.search(folder))


def _predictions(
    root: str, folder: str, paths: Sequence[str], schema: Schema
) -> tuple[Predictions, str] | None:
    paths = sorted(paths, key=natural)
    baseline = next((path for path in paths if _BASELINE.search(_stem(path))), None)
    files = tuple(posixpath.join(root, path) for path in paths if path != baseline)
    if baseline is None or not files:
        return None
    for path in paths:
        try:
            names = [name for name, _ in schema(path)]
        except Exception:  # as in _alike
            continue
        target, prediction = usual_column("target", names), usual_column("prediction", names)
        score, key = usual_column("score", names), usual_column("key", names)
        if target is not None and (prediction is not None or score is not None):
            what = f"{target} is the truth and {prediction or score} the prediction"
            name, champion = posixpath.basename(folder) or "predictions", posixpath.join(root, baseline)
            entry = Predictions(
                name,
                files=files,
                baseline=champion,
                key=key,
                target=target,
                prediction=prediction,
                score=score,
            )
            return entry, f"assumed: {what}; {baseline} the baseline, by its name"
    return None
