"""Event files with broken sums, torn records and lengths that lie."""

from __future__ import annotations

import shutil
import struct
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import dashboard, ls, messages, only_run, write

sys.path.insert(0, str(Path(__file__).parent.parent / "readers"))
from eventfiles import masked, scalar, version

NAME = "events.out.tfevents.1790000000.host.1.0"
MIB = 1024 * 1024


def _events(*values: float) -> bytes:
    return version() + b"".join(scalar("loss", step, value) for step, value in enumerate(values, 1))


async def test_a_bad_sum_stops_there_and_says_the_byte(root: Path) -> None:
    good, bad = _events(0.5, 0.25), bytearray(scalar("loss", 3, 0.125))
    bad[-6] ^= 1
    write(root / "a" / NAME, good + bytes(bad) + scalar("loss", 4, 0.0625))
    run = only_run(root)
    assert run["metrics"]["loss"]["last"] in (0.25, 0.0625) and run["metrics"]["loss"]["max"] == 0.5
    assert f"byte {len(good):,}" in messages(run) or f"byte {len(good)}" in messages(run)
    async with dashboard(root) as eyes:
        await eyes.sees("loss")
        await eyes.opens(4)
        await eyes.sees(f"byte {len(good)}")


async def test_a_torn_record_waits_in_silence(root: Path) -> None:
    record = scalar("loss", 3, 0.125)
    path = write(root / "a" / NAME, _events(0.5, 0.25) + record[:-7])
    run = only_run(root)
    assert (run["metrics"]["loss"]["last"], run["problems"]) == (0.25, [])
    async with dashboard(root) as eyes:
        await eyes.sees("0.2500")
        with path.open("ab") as file:
            file.write(record[-7:])
        await eyes.sees("0.1250")


@pytest.mark.parametrize("sound", [True, False])
async def test_a_length_of_2_to_the_62(root: Path, sound: bool) -> None:
    size = struct.pack("<Q", 2**62)
    head = size + (masked(size) if sound else b"abcd")
    write(root / "a" / NAME, _events(0.5, 0.25) + head + b"x" * 100)
    tracemalloc.start()
    try:
        run = only_run(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run["metrics"]["loss"]["last"] == 0.25 and run["problems"]
    assert peak < 64 * MIB
    if sound:
        async with dashboard(root) as eyes:
            await eyes.sees("0.2500")
            await eyes.opens(4)
            await eyes.sees("byte ")


def test_turned_bits_never_raise_nor_allocate(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = _events(*(1 / step for step in range(1, 40)))
    root = tmp_path_factory.mktemp("bits")

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(0, len(data) * 8 - 1), min_size=1, max_size=4), st.integers(0, len(data)))
    def any_flips(flips: list[int], end: int) -> None:
        broken = bytearray(data)
        for bit in flips:
            broken[bit // 8] ^= 1 << bit % 8
        shutil.rmtree(root / "a", ignore_errors=True)
        write(root / "a" / NAME, bytes(broken[: end or None]))
        tracemalloc.start()
        try:
            found = ls(root)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 64 * MIB
        for run in found["runs"]:
            assert "failed" not in messages(run), messages(run)
            for metric in run["metrics"].values():
                assert metric["count"] <= 39

    any_flips()
