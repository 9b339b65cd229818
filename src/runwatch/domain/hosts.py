"""Other machines on the board: how the link to each stands."""

from __future__ import annotations

from typing import Literal

import msgspec

LinkState = Literal["connecting", "live", "lost"]


class HostLink(msgspec.Struct, frozen=True):
    """``heard``: when something came from it last (seconds since the epoch), None: never; ``message``: what
    is wrong and what helps, or what a person should know; ``mirrored``: nothing is installed there, its files
    are copied and read here; ``version``: of runwatch there; ``clock``: seconds that its clock is ahead."""

    name: str
    state: LinkState
    heard: float | None = None
    message: str = ""
    mirrored: bool = False
    version: str = ""
    clock: float = 0.0
