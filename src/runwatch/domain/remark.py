"""What a person says of a run, a batch of data or a baseline, in their own words."""

from __future__ import annotations

from typing import Literal

import msgspec

RemarkKind = Literal["run", "batch", "baseline"]


class Remark(msgspec.Struct, frozen=True):
    """A person's own words."""

    id: int
    kind: RemarkKind
    subject: str
    """The run's id, the batch ("data set/batch"), or the baseline's run ("": the root's baseline, whichever
    it is)."""
    at: float
    """Seconds since the epoch."""
    by: str
    """The user's name."""
    text: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The ``#words`` of the text."""
        words = (word.rstrip(".,;:!?") for word in self.text.split())
        return tuple(dict.fromkeys(word[1:] for word in words if word[:1] == "#" and len(word) > 1))
