"""Tables on a console: a header names the columns of the rows below it (spaCy, skorch, fastai, Ultralytics,
scikit-learn, Vowpal Wabbit), or a box holds a name and a value a line (Stable-Baselines3 and its kin).

Their memory is a JSON-able dict, so any split of a log gives the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runwatch.domain.borders import JsonDict
from runwatch.domain.directions import direction_of
from runwatch.readers.common.column_names import step_key
from runwatch.readers.console._lines import LineProgress

MAX_COLUMNS, MAX_BOX = 64, 256

_GAP = re.compile(r"\s{2,}|\t")
_RULE = re.compile(r"\s{0,8}-{2,}(?:\s{1,4}-{2,}){2,}\s{0,8}")
_WORD = re.compile(r"[#%A-Za-z][\w #%()./-]{0,60}")
_PROGRESS = re.compile(r"(?<=\S):?\s{1,8}\d{1,3}%.{0,400}$")
_NUMBER = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?(?:[eE][-+]?\d{1,4})?|nan|inf)", re.IGNORECASE)
_EPOCHS = re.compile(r"(\d{1,9})/(\d{1,9})")
_BATCHES = re.compile(r"(\d{1,9})/(\d{1,9})(?:\s.{0,60})?$")
_GROUP = re.compile(r"([A-Z]\w{0,20})\((\S{1,40})")
_BOX_RULE = re.compile(r"[-+=]{10,400}")
_BOX_ROW = re.compile(r"\|( {0,8})([^|]{1,100}?)\s{0,100}\|\s{0,40}([^|]{0,60}?)\s{0,100}\|")
_EPOCH_NAMES = ("epoch", "e")
_STEP_NAMES = ("#", "step", "steps", "iter", "iteration", "round", "example counter")
_NO_METRICS = frozenset(
    re.split(
        r"\s+",
        """gpu_mem instances size img_size labels images class dur time cp remaining example_weight
    current_label current_predict current_features remaining_time example_counter""",
    )
)
_ABSENT = frozenset(("", "-", "+", "none", "#na#", "n/a"))
_VW = re.compile(r"average\s{1,4}since\s{2,20}example\s{2,20}example\s{2,20}current")
_VW_NAMES = (
    "average loss",
    "since last",
    "example counter",
    "example weight",
    "current label",
    "current predict",
    "current features",
)


class Tables:
    """Rows out of lines. State: ``names`` of the columns under the last header, ``spans`` of its rule,
    ``group`` and ``box`` of a box that is not closed yet."""

    def __init__(self, state: JsonDict) -> None:
        self._state = state

    def row(self, text: str) -> LineProgress | None:
        """What ``text`` says as a line of a table; None when it is none."""
        if text.startswith("|") or "box" in self._state:
            return self._boxed(text)
        names = _header(text)
        if names is not None:
            self._state["names"] = names
            self._state.pop("spans", None)
            return None
        if "names" not in self._state:
            return None
        if _RULE.fullmatch(text):
            self._state["spans"] = [list(match.span()) for match in re.finditer("-+", text)]
            return None
        if text.startswith("Validating "):  # Ultralytics tries its best model once more
            del self._state["names"]
            return None
        return _row(self._state["names"], _cells(text, self._state), text)

    def _boxed(self, text: str) -> LineProgress | None:
        match = _BOX_ROW.fullmatch(text.rstrip())
        if match is None:
            box = self._state.pop("box", None)
            self._state.pop("group", None)
            return _of_box(box) if box and _BOX_RULE.fullmatch(text.strip()) else None
        indent, name, value = match.groups()
        box = self._state.setdefault("box", {})
        if not value and name.endswith("/"):
            self._state["group"] = name
        elif _NUMBER.fullmatch(value) and len(box) < MAX_BOX:
            inside = self._state.get("group", "") if len(indent) > 1 else ""
            box[inside + name] = float(value)
        return None


def _of_box(box: dict[str, float]) -> LineProgress | None:
    key = step_key(box)
    at = box.get(key) if key is not None else None
    pairs = tuple((name, value) for name, value in box.items() if name != key)
    if not pairs or (at is not None and not at.is_integer()):
        return None
    return LineProgress("table", pairs, step=None if at is None else int(at))


def _header(text: str) -> list[str] | None:
    """The names of the columns, if the line is a header: one of them a place, one a known metric."""
    if "=" in text or not text or len(text) > 2000 or text.count(":") > 3:
        return None
    if _VW.match(text):
        return list(_VW_NAMES)
    names = [name.strip() for name in _GAP.split(_PROGRESS.sub("", text.strip()).rstrip(":"))]
    if not 3 <= len(names) <= MAX_COLUMNS or not all(_WORD.fullmatch(name) for name in names):
        return None
    lower = [name.lower() for name in names]
    validation = lower[:2] == ["class", "images"]
    placed = any(name in _EPOCH_NAMES or name in _STEP_NAMES for name in lower)
    known = validation or "gpu_mem" in lower or any("loss" in n or direction_of(n) for n in lower)
    return list(_grouped(names)) if known and (placed or validation) else None


def _grouped(names: Iterable[str]) -> Iterable[str]:
    """``Box(P``, ``R``, ``mAP50)`` as ``Box/P``, ``Box/R``, ``Box/mAP50``."""
    group = ""
    for name in names:
        opened = _GROUP.fullmatch(name)
        if opened is not None and not name.endswith(")"):
            group = opened[1] + "/"
            name = opened[2]
        closed = bool(group) and name.endswith(")")
        yield group + (name[:-1] if closed else name)
        group = "" if closed else group


def _cells(text: str, state: JsonDict) -> list[str]:
    names, spans = state["names"], state.get("spans")
    words = text.split()
    if spans is not None and len(spans) == len(names) and len(words) != len(names):
        return [text[start:end].strip() for start, end in spans]
    return words


def _row(names: list[str], cells: list[str], text: str) -> LineProgress | None:
    """The cells below their names; more of them only behind a colon or a flag (a bar, a mark)."""
    width = len(names)
    extra = cells[width:]
    if len(cells) < width or (len(extra) > 1 and not cells[width - 1].endswith(":")):
        return None
    lower = [name.lower() for name in names]
    if lower[0] == "class":
        return _validation(names, cells)
    places = dict(zip(lower, cells, strict=False))
    step = _whole(next((places[name] for name in _STEP_NAMES if name in places), ""))
    word = next((places[name] for name in _EPOCH_NAMES if name in places), "")
    share = _EPOCHS.fullmatch(word)
    epoch = int(share[1]) if share else _whole(word)
    if step is None and epoch is None:
        return None
    bar = _BATCHES.search(text) if extra and share else None
    pairs = _numbers(names, cells)
    if not pairs:
        return None
    batch, batches = (int(bar[1]), int(bar[2])) if bar else (None, None)
    known, epochs = None if epoch is None else float(epoch), int(share[2]) if share else None
    return LineProgress(
        "table", pairs=pairs, epoch=known, epochs=epochs, batch=batch, batches=batches, step=step
    )


def _validation(names: list[str], cells: list[str]) -> LineProgress | None:
    """The row of all classes together."""
    pairs = _numbers(names, cells) if cells[0] == "all" and len(cells) == len(names) else ()
    return LineProgress("table", pairs, held_out=True) if pairs else None


def _numbers(names: list[str], cells: list[str]) -> tuple[tuple[str, float], ...]:
    """The metrics of a row; none if a cell of one holds something else than a number."""
    numbers: list[tuple[str, float]] = []
    for name, cell in zip(names, cells, strict=False):
        lower = name.lower()
        if lower in _EPOCH_NAMES or lower in _STEP_NAMES or lower.replace(" ", "_") in _NO_METRICS:
            continue
        if _NUMBER.fullmatch(cell):
            numbers.append((name, float(cell)))
        elif cell.lower() not in _ABSENT:
            return ()
    return tuple(numbers)


def _whole(cell: str) -> int | None:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 19 else None
