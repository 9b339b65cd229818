"""What a look is asked for, and what it is refused with."""

from __future__ import annotations

import msgspec

from runwatch.domain.errors import UserError


class RootError(UserError):
    """A root that can't be looked at; the text is the whole message, for people."""


class Wanted(msgspec.Struct, frozen=True):
    """Which parts a command needs beside the runs: judging costs time that ``ls`` need not spend."""

    data: bool = True
    judging: bool = True
    machine: bool = True
