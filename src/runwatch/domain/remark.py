"""What a person says of a run, a batch of data or a baseline, in their own words."""

from __future__ import annotations

from typing import Literal

import msgspec

RemarkKind = Literal["run", "batch", "baseline"]


class Remark(msgspec.Struct, frozen=True):
    """``subject``: the run's id, the batch ("data set/batch"), the baseline's run or "" for the root's
    baseline, whichever it is; ``at``: seconds since the epoch; ``by``: the user's name."""

    id: int
    kind: RemarkKind
    subject: str
    at: float
    by: str
    text: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The ``#words`` of the text."""
        words = (word.rstrip(".,;:!?") for word in self.text.split())
        return tuple(dict.fromkeys(word[1:] for word in words if word[:1] == "#" and len(word) > 1))
