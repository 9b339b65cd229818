"""What counts as an error of our own."""

from __future__ import annotations

import errno
import threading

import pytest

from runwatch.monitor.internal_errors import InternalErrors


@pytest.mark.parametrize(
    ("thread", "number", "told"),
    [
        ("textual-output", errno.EIO, False),
        ("textual-output", errno.ENOMEM, True),
        ("walker", errno.EIO, True),
    ],
)
def test_a_terminal_that_was_closed_is_no_internal_error(thread: str, number: int, told: bool) -> None:
    def ends() -> None:
        raise OSError(number, "Input/output error")

    errors = InternalErrors(lambda: None)
    errors.listen()
    try:
        worker = threading.Thread(target=ends, name=thread)
        worker.start()
        worker.join()
    finally:
        errors.stop()
    assert bool(errors.newest) is told
