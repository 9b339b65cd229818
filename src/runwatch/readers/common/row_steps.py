"""Where a row of a tracker stands that counts its rows itself: at the training step that the row names."""

from __future__ import annotations

import math

_COUNTERS = ("global_step", "train/global_step", "trainer/global_step")


class RowSteps:
    """The step of each row. Lightning, Hugging Face and others log to W&B and Trackio without a step, so that
    the tracker counts their calls; the trainer's own step is among the values. ``axis``: the value that the
    run itself declares to be the step of all others; ``at``: the last step named, which rows that name none
    (an evaluation at the end) share."""

    def __init__(self, axis: str = "", at: int | None = None) -> None:
        self.axis, self.at = axis, at

    def place(self, row: list[tuple[str, float]], counted: int) -> int:
        """The row's step; ``counted``: the tracker's own."""
        for tag, value in row:
            if self.is_counter(tag) and math.isfinite(value) and abs(value) < 2**53:
                self.at = int(value)
        return counted if self.at is None else self.at

    def is_counter(self, tag: str) -> bool:
        """Whether ``tag`` says where a row stands and is no metric."""
        return tag in _COUNTERS or tag == self.axis

    def declare(self, axis: str) -> None:
        """A declared ``axis``, unless it is one on which many rows share a place."""
        if axis and axis.rpartition("/")[2] not in ("epoch", "_step", "_runtime", "_timestamp"):
            self.axis = axis
