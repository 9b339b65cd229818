"""TensorBoard event files: scalars, hyperparameters and restarts of any writer (PyTorch, tensorboardX, TF).

Only new bytes are read, in slices; both CRCs of each record are checked; images, histograms and graphs are
skipped by their size."""

from __future__ import annotations

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, Tail, read_tail
from runwatch.readers.tensorboard._folders import claim, writer_of
from runwatch.readers.tensorboard._record import FRAME, HEADER, header
from runwatch.readers.tensorboard._slice import EventSlice

NAME = "tensorboard"
LOOKS_FOR = ("*tfevents*",)

__all__ = ["NAME", "claim", "read"]

_SKIP_HINT = "the disk or a copy may have damaged the file; the records around it were read"
_TROUBLE = {
    "length": (
        "a record's length has a wrong checksum; nothing after it can be read",
        "the disk or a copy may have damaged the file: copy it again",
    ),
    "zeros": (
        "zero bytes where a record should begin; waiting for the real ones",
        "the file system lost the last writes, or shows them late",
    ),
}


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """What was appended to an event file. A torn last record waits, ``final`` or not.

    The cursor remembers ``skip`` (bytes still to drop of a record above the limit) and ``stopped`` (a header
    was wrong here: try again, but do not report it again)."""
    tail = _tail(source, cursor)
    before: list[Operation] = [Replace()] if tail.rewritten else []
    if tail.state.get("skip"):
        return _skip(claim, tail, before)
    slice_ = EventSlice(tail.data, dict(tail.state))
    if tail.start == 0 and slice_.used:
        before.append(writer_of(source.file, slice_.first_wall))
    operations = [*before, *slice_.operations(claim.tag_prefix)]
    state, more = slice_.state(), tail.more
    if slice_.trouble == "large":
        state["skip"] = slice_.size + FRAME
        more = more or len(tail.data) > slice_.used
    elif slice_.trouble:
        state["stopped"], more = True, False
    return Reading.of(
        claim, operations, tail.cursor(slice_.used, state), _problems(source.file, tail, slice_), more
    )


def _tail(source: SourceFile, cursor: Cursor | None) -> Tail:
    """New bytes; only a header's worth of them where a wrong header stopped us and still stands."""
    if cursor is not None and cursor.state.get("stopped"):
        peek = read_tail(source, cursor, HEADER)
        if not peek.rewritten and (len(peek.data) < HEADER or not header(peek.data, 0).sound):
            return peek
    return read_tail(source, cursor)


def _skip(claim: Claim, tail: Tail, before: list[Operation]) -> Reading:
    """Drop bytes of a record above the limit."""
    state: JsonDict = dict(tail.state)
    dropped = min(state["skip"], len(tail.data))
    state["skip"] -= dropped
    more = tail.more or len(tail.data) > dropped
    return Reading.of(claim, before, tail.cursor(dropped, state), (), more)


def _problems(file: str, tail: Tail, slice_: EventSlice) -> tuple[Problem, ...]:
    faults = slice_.faults[: limits.PROBLEMS]
    out = [Problem(file, f"byte {tail.start + at}", message, _SKIP_HINT) for at, message in faults]
    if len(slice_.faults) > len(faults):
        out.append(
            Problem(file, None, f"{len(slice_.faults) - len(faults)} more records skipped", _SKIP_HINT)
        )
    if len(slice_.tags) > limits.TAGS:
        message = f"more than {limits.TAGS:,} tags at once, the rest is not shown"
        out.append(Problem(file, None, message, "log fewer names"))
    where = f"byte {tail.start + slice_.used}"
    if slice_.trouble == "large":
        most = limits.RECORD // limits.MIB
        message = f"a record of {slice_.size / limits.MIB:.0f} MiB is above the limit of {most} MiB, skipped"
        out.append(Problem(file, where, message, "log smaller images, graphs or texts"))
    elif slice_.trouble and not tail.state.get("stopped"):
        out.append(Problem(file, where, *_TROUBLE[slice_.trouble]))
    return tuple(out)
