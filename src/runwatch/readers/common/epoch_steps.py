"""Steps that go on where a log's own counter does not: iterations that start again with each epoch, and
epochs in fractions with no step beside them.

Both see the rows in the order of the file and remember a few JSON-able numbers, so any split of a log gives
the same steps."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import numpy as np

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.points import FloatArray, IntArray

_LARGEST = 2**62
_MOST_KNOWN = 1024
FRACTIONS = (
    "epochs in fractions and no step: from here on each new epoch counts as one step",
    "log a step too, to compare runs at the same place",
)


class Iterations:
    """An iteration counter beside an epoch. Where the epoch rises and the counter falls below the middle of
    the epoch before (a row that comes a little late falls less), it started again: from there on what the
    epochs before took is added. An epoch that comes again (a resumed run) has its old place.

    State: ``marks``, [epoch, what is added from it on]; ``epoch``, the greatest, with the ``low``est and
    ``top`` counter in it; ``last``, the epoch of the last row. ``repeats``: a counter that stays the same in
    each epoch started again too."""

    def __init__(self, state: JsonMapping, repeats: bool) -> None:
        self._marks: list[list[float]] = [list(mark) for mark in state.get("marks", ())]
        self._epoch: float | None = state.get("epoch")
        self._low: int = state.get("low", 0)
        self._top: int = state.get("top", 0)
        self._last: float | None = state.get("last")
        self._repeats = repeats

    def state(self) -> JsonDict:
        if self._epoch is None:
            return {}
        known = {"epoch": self._epoch, "low": self._low, "top": self._top, "last": self._last}
        return {**known, "marks": self._marks}

    def steps(self, counter: IntArray, epochs: FloatArray) -> IntArray:
        """The step of each row; a row without an epoch belongs to the one of the row before."""
        epochs = self._carried(epochs)
        if not len(epochs) or epochs[-1] == -np.inf:
            return counter
        self._last = float(epochs[-1])
        if self._only_rises(counter, epochs):
            self._see(float(epochs[-1]), counter[np.searchsorted(epochs, epochs[-1]) :])
            return counter
        starts = np.flatnonzero(epochs[1:] != epochs[:-1]) + 1
        for rows in np.split(np.arange(len(epochs)), starts):
            if epochs[rows[0]] > -np.inf:
                self._see(float(epochs[rows[0]]), counter[rows])
        if not self._marks:
            return counter
        since, added = zip(*self._marks, strict=True)
        place = np.searchsorted(np.array(since), epochs, side="right")
        offsets: IntArray = np.array([0, *added], dtype=np.int64)[place]
        return np.where(offsets > 0, np.minimum(counter, _LARGEST) + offsets, counter)

    def _carried(self, epochs: FloatArray) -> FloatArray:
        known = np.maximum.accumulate(np.where(np.isfinite(epochs), np.arange(len(epochs)), -1))
        before = -np.inf if self._last is None else self._last
        return np.where(known >= 0, epochs[known], before)

    def _only_rises(self, counter: IntArray, epochs: FloatArray) -> bool:
        """Whether nothing can have started again: the common case, told without a loop over epochs."""
        if self._marks or epochs[0] == -np.inf:
            return False
        if self._epoch is not None:
            counter, epochs = np.insert(counter, 0, self._top), np.insert(epochs, 0, self._epoch)
        later, more = np.diff(epochs) > 0, np.diff(counter)
        still = self._repeats and bool((later & (more == 0)).any())
        return bool((more >= 0).all() and (np.diff(epochs) >= 0).all()) and not still

    def _see(self, epoch: float, counter: IntArray) -> None:
        """Rows of one epoch that stand together."""
        low, top, first = int(counter.min()), int(counter.max()), int(counter[0])
        if self._epoch is None or epoch > self._epoch:
            if self._epoch is not None and self._starts_again(epoch, first):
                self._marks.append([epoch, self._added() + self._top + (first == 0)])
            self._epoch, self._low, self._top = epoch, low, top
        elif epoch == self._epoch:
            self._low, self._top = min(self._low, low), max(self._top, top)

    def _starts_again(self, epoch: float, first: int) -> bool:
        if first < 0 or self._added() + self._top >= _LARGEST:
            return False
        whole = epoch.is_integer() and self._epoch is not None and self._epoch.is_integer()
        same = self._repeats and whole and first == self._low == self._top
        return 2 * first < self._low + self._top or same

    def _added(self) -> int:
        return int(self._marks[-1][1]) if self._marks else 0


class Epochs:
    """The epoch as the only step. From the first fraction on, each new value is one step more than the
    greatest before: no fraction is lost, and whole epochs stay what they are. An epoch that comes again (a
    training that was resumed, or started again) has the step that it had.

    State: ``high``, the greatest step so far; ``last``, the epoch of the last row, once they are counted;
    ``known``, [epoch, step] of those counted, every second one where they are many."""

    def __init__(self, state: JsonMapping) -> None:
        self._high: int = state.get("high", -1)
        self._last: float | None = state.get("last")
        self._known: list[list[float]] = [list(pair) for pair in state.get("known", ())]

    def state(self) -> JsonDict:
        counted = {} if self._last is None else {"last": self._last, "known": self._known}
        return {"high": self._high} | counted

    @property
    def counting(self) -> bool:
        return self._last is not None

    def steps(self, epochs: FloatArray) -> tuple[IntArray, int | None]:
        """The step of each row (finite numbers within 64 bits), and the row of the file's first fraction if
        it is among them."""
        steps: IntArray = np.floor(epochs).astype(np.int64)
        broken = np.flatnonzero(epochs != steps)
        first = None if self.counting or not len(broken) else int(broken[0])
        start = 0 if self.counting else len(epochs) if first is None else first
        if start:
            self._high = max(self._high, min(int(steps[:start].max()), _LARGEST))
        if start < len(epochs):
            before = np.inf if self._last is None else self._last
            back = np.flatnonzero(np.diff(epochs[start:], prepend=min(before, epochs[start])) < 0) + start
            for low, stop in pairwise([start, *back.tolist(), len(epochs)]):
                if low < stop:
                    steps[low:stop] = self._rising(epochs[low:stop])
        return steps, first

    def _rising(self, epochs: FloatArray) -> IntArray:
        """Rows whose epochs do not fall."""
        if self._last is not None and epochs[0] < self._last:
            self._go_back(float(epochs[0]))
        before = np.nan if self._last is None else self._last
        changes = np.diff(epochs, prepend=before) != 0
        steps: IntArray = self._high + np.cumsum(changes)
        self._high, self._last = int(steps[-1]), float(epochs[-1])
        self._known += [[float(e), int(s)] for e, s in zip(epochs[changes], steps[changes], strict=True)]
        while len(self._known) > _MOST_KNOWN:
            self._known = self._known[::2]
        return steps

    def _go_back(self, epoch: float) -> None:
        at = bisect_left(self._known, [epoch, -1.0])
        step = self._known[at][1] if at < len(self._known) else self._high
        self._high, self._last = int(step) - 1, None
        del self._known[at:]
