"""What tests wait for, and on which port: neither depends on what else the machine is doing."""

from __future__ import annotations

import random
import socket

PATIENCE_S = 240.0
"""How long a test waits for what must come. A machine that has no fault is never that slow."""

_BELOW_THE_EPHEMERAL = range(20_000, 30_000)


def free_port() -> int:
    """A port of the loopback for a program that must be told one. None that the system hands out for
    connections, or another's connection could take it before the program listens."""
    for port in random.SystemRandom().sample(_BELOW_THE_EPHEMERAL, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port on the loopback")
