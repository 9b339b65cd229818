"""What XGBoost and LightGBM leave: the result of evaluation as JSON (written at the end) and console lines
(the only live source). Both hold the same: the one that got further counts, of two equals the exact one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Literal

from runwatch.domain.operations import Append, Length, Operation, Rank, Replace, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, Role, SourceFile, read_tail
from runwatch.readers.common import bounded_json
from runwatch.readers.common.documents import Parsed, read_json
from runwatch.readers.common.lines import Frame, LineNotes
from runwatch.readers.common.point_log import PointLog

NAME = "boosting"
LOOKS_FOR = ("*.json", "*.log", "*.out", "*.err", "*.txt")
Library = Literal["lightgbm", "xgboost"]
_DUMP = re.compile(
    rb'\s{0,64}\{\s{0,64}"([^"\\]{1,200})"\s{0,64}:\s{0,64}\{\s{0,64}"([^"\\]{1,200})"\s{0,64}:\s{0,64}\[\s{0,64}[-\dNI]'
)
_CROSS = re.compile(rb'\s{0,64}\{\s{0,64}"[^"\\]{1,200}-mean"\s{0,64}:\s{0,64}\[\s{0,64}[-\dNI]')
_NOT_METRICS = frozenset({b"steps", b"values", b"timestamps", b"step", b"value"})
_LOGS = (".log", ".out", ".err", ".txt")
_ROUND = re.compile(r"\[(\d{1,9})\]\s{1,8}(\S.{0,8000})", re.DOTALL)
_ROUND_BYTES = re.compile(rb"\[\d{1,9}\][ \t]{1,8}[^\s\[][^\n:]{0,200}?(?:-|'s )[^\n:]{0,200}:")
_LIGHTGBM = re.compile(rb'"(?:valid_0|training|(?:binary|multi)_logloss|l[12])"|-stdv"')
_XGBOOST = re.compile(
    rb'"(?:validation_\d+|m?logloss|m?error|poisson-nloglik|rmsle|(?:test|train)-\w{1,40}-std)"'
)
_BEST = re.compile(r"\bbest iteration(?: is)?:\s{0,8}$", re.IGNORECASE)
_VALUE = re.compile(
    r"\s{0,8}([-+]?[\w.]{1,40}(?:[eE][-+]\d{1,4})?)\s{0,4}(?:\+\s{0,4}([\w.]{1,40}(?:[eE][-+]\d{1,4})?))?\s{0,8}"
)
_ROUNDS = (
    "n_estimators", "num_boost_round", "num_iterations", "num_iteration", "n_iter", "num_round", "num_rounds",
    "num_trees", "nrounds",
)  # fmt: skip
_PARAMETERS = ("params.json", "config.json", "hparams.json")
_DUMPED = 0.5
_LOSSES = re.compile(r"(?:.{0,200} )?(?:l[12]|quantile|huber|fair|poisson|gamma|tweedie)(?:-mean)?")
"""LightGBM's names of losses that mean nothing elsewhere."""


def claim(listing: Listing) -> Iterable[Claim]:
    """The dumps and logs of either library in this folder. One dump and one log tell the same; several dumps
    are told apart by their names, and so is what two libraries left side by side."""
    names = [name for name in sorted(listing.files) if _is_dump(listing, name) or _is_log(listing, name)]
    if not names:
        return
    known = library_of(listing)
    by_file = {
        name: _library_of_file(listing, name) for name in names if known is None or name.endswith(".json")
    }
    first: Library | None = next((who for who in by_file.values() if who), None)
    usual: Library = known or first or "xgboost"
    whose: dict[str, Library] = {name: by_file.get(name) or usual for name in names}
    libraries = sorted(set(whose.values()))
    for library in libraries:
        dumps = [name for name in names if whose[name] == library and name.endswith(".json")]
        logs = [name for name in names if whose[name] == library and not name.endswith(".json")]
        role: Role = "run" if dumps else "lonely"
        if len(dumps) <= 1 and len(logs) <= 1 and len(libraries) == 1:
            files = tuple(listing.join(name) for name in (*logs, *dumps))
            yield Claim(NAME, library, listing.path, files, exclusive=True, role=role)
            return
        for name in (*dumps, *logs):
            prefix = f"{name.rpartition('.')[0]}/"
            yield Claim(
                NAME,
                format=library,
                run_id=listing.path,
                files=(listing.join(name),),
                tag_prefix=prefix,
                role=role,
            )


def library_of(listing: Listing) -> Library | None:
    """Whose a folder is, by the model's file or the parameters."""
    for name in listing.files:
        if name.endswith(".ubj") or (name.endswith(".json") and b'"learner"' in listing.head(name, 256)):
            return "xgboost"
        if _is_lightgbm_model(listing, name):
            return "lightgbm"
    parameters = b"".join(listing.head(name) for name in _PARAMETERS if name in listing.files)
    words = (b'"num_leaves"', b'"min_data_in_leaf"', b'"min_child_samples"')
    return "lightgbm" if any(word in parameters for word in words) else None


def _library_of_file(listing: Listing, name: str) -> Library | None:
    """Whose a dump or log is by its name, or the names of its sets and metrics; None: it does not say."""
    lower = name.lower()
    if lower.startswith(("lgb", "lightgbm")):
        return "lightgbm"
    if lower.startswith("xgb"):
        return "xgboost"
    content = listing.head(name) + (b"" if name.endswith(".json") else listing.tail(name))
    if name.endswith(".json"):
        return "lightgbm" if _LIGHTGBM.search(content) else "xgboost" if _XGBOOST.search(content) else None
    if b"[LightGBM]" in content or re.search(rb"\]\t[^\t\n]{1,200}'s ", content):
        return "lightgbm"
    return "xgboost"


def _is_lightgbm_model(listing: Listing, name: str) -> bool:
    return name.endswith(".txt") and listing.head(name, 64).startswith(b"tree\nversion=")


def _is_dump(listing: Listing, name: str) -> bool:
    if not name.endswith(".json"):
        return False
    head = listing.head(name)
    match = _DUMP.match(head)
    return (match is not None and match[2] not in _NOT_METRICS) or _CROSS.match(head) is not None


def _is_log(listing: Listing, name: str) -> bool:
    if not name.endswith(_LOGS) or not listing.files[name].size:
        return False
    if _is_lightgbm_model(listing, name):
        return False
    return any(_rounds_in(part) for part in (listing.head(name), listing.tail(name)))


def _rounds_in(part: bytes) -> bool:
    return b"]\t" in part and _ROUND_BYTES.search(part) is not None


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """What is new in a dump or in a log."""
    if source.file.endswith(".json"):
        return read_json(claim, source, cursor, partial(_dump, claim, source))
    return _read_log(claim, source, cursor, final)


def _dump(claim: Claim, source: SourceFile, value: object) -> Parsed:
    separator = "'s " if claim.format == "lightgbm" else "-"
    operations: list[Operation] = []
    last = -1
    for name, values in _lists(value, separator):
        operations.append(Append(claim.tag_prefix + name, Points.of(range(len(values)), values)))
        last = max(last, len(values) - 1)
    if not operations:
        return [Problem(source.file, None, "no results of evaluation in it", "dump evals_result as it is")]
    stated, rank = _directions(claim, operations), Rank(last + _DUMPED, source.stat.mtime)
    return [*operations, *stated, rank, *_length(source)]


def _lists(value: object, separator: str) -> Iterable[tuple[str, list[float]]]:
    """The numbers of each metric of each set (or, in cross-validation, of each name); what has another shape
    is left out."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        columns = inner.items() if isinstance(inner, dict) else ((None, inner),)
        for metric, column in columns:
            numbers = [bounded_json.number(item) for item in column] if isinstance(column, list) else []
            values = [number for number in numbers if number is not None]
            if values and len(values) == len(numbers):
                yield name if metric is None else f"{name}{separator}{metric}", values


def _read_log(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool) -> Reading:
    tail = read_tail(source, cursor)
    notes, frame = LineNotes(source.file), Frame.of(tail.state)
    size = frame.consumable(tail.data, notes)
    log = _Rounds(bool(tail.state.get("best")))
    for _, block in frame.blocks(tail.data[:size], notes):
        log.take(block)
    state = {"best": log.after_best}
    log.take(frame.rest(tail.data[size:], final and not tail.more))
    operations: list[Operation] = [Replace()] if tail.rewritten else []
    operations += log.operations(claim.tag_prefix)
    last = log.top()
    if last is not None:
        operations += [
            *_directions(claim, operations),
            Rank(float(last), source.stat.mtime),
            *_length(source),
        ]
    return Reading.of(
        claim, operations, tail.cursor(size, frame.state() | state), notes.problems(), tail.more
    )


def _directions(claim: Claim, operations: Iterable[Operation]) -> list[Operation]:
    tags = [operation.tag for operation in operations if isinstance(operation, Append)]
    return [Stated(tag, "min") for tag in tags if claim.format == "lightgbm" and _LOSSES.fullmatch(tag)]


class _Rounds(PointLog):
    """The rounds of a log, from 0: LightGBM (``valid's auc``) counts them from 1. After early stopping the
    best one is printed again: it is no new round
    (``after_best``: the next one is that)."""

    def __init__(self, after_best: bool) -> None:
        super().__init__()
        self.after_best = after_best

    def take(self, block: bytes) -> None:
        if not self.after_best and b"]\t" not in block and b"teration" not in block:
            return
        for line in block.decode("utf-8", "backslashreplace").split("\n"):
            self._line(line.rpartition("\r")[2] if "\r" in line.rstrip("\r") else line.rstrip("\r"))

    def _line(self, line: str) -> None:
        match = _ROUND.search(line)
        if match is None:
            self.after_best = self.after_best or ("teration" in line and _BEST.search(line) is not None)
            return
        metrics = list(_metrics(match[2].split("\t")))
        if self.after_best and metrics:
            self.after_best = False
            return
        self.next_row()
        for name, value in metrics:
            self.add(name, int(match[1]) - ("'s " in name), value)


def _metrics(cells: list[str]) -> Iterable[tuple[str, float]]:
    """``validation_0-logloss:0.46``, ``valid's auc: 0.88``, with a spread ``+ 0.01`` in cross-validation."""
    for cell in cells:
        name, colon, text = cell.rpartition(":")
        if not colon or not ("-" in name or "'s " in name) or len(name) > limits.KIB:
            continue
        match = _VALUE.fullmatch(text)
        value = None if match is None else _number(match[1])
        if match is None or value is None:
            continue
        yield name.strip(), value
        spread = _number(match[2]) if match[2] else None
        if spread is not None:
            yield f"{name.strip()}-std", spread


def _number(text: str) -> float | None:
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _length(source: SourceFile) -> list[Operation]:
    """The planned rounds, where the parameters beside tell them."""
    for name in _PARAMETERS:
        parameters = bounded_json.parse_object(source.other(source.beside(name), limits.MIB))
        for rounds in map(parameters.get, _ROUNDS):
            if type(rounds) is int and 0 < rounds < 2**31:
                return [Length(steps=rounds - 1)]
    return []
