"""What a look is asked for, and what it is refused with."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runwatch.domain.errors import UserError
from runwatch.domain.machine import Machine

MachineSource = Callable[[], Machine | None]


class RootError(UserError):
    """A root that cannot be looked at; the text is the whole message, for people."""


class Wanted(msgspec.Struct, frozen=True):
    """Which parts a command needs besides the runs: judging costs time that ``ls`` need not spend.
    ``machine_from``: who knows the machine that has the runs, None: it is this one."""

    data: bool = True
    judging: bool = True
    machine: bool = True
    machine_from: MachineSource | None = None
