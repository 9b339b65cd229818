"""Where a run is going, in words."""

from __future__ import annotations

import pytest

from runwatch.domain.health import CurveForecast
from runwatch.domain.machine import Disk, Machine
from runwatch.domain.run import Checkpoint, Run
from runwatch.show.screen.forecast_words import about, checkpoint_words, disk_of, forecast_sentence
from runwatch.show.screen.view import plain
from runwatch.text.units import since

NOW = 1_000_000.0
MIB = 2**20


@pytest.mark.parametrize(
    ("eta", "said"),
    [
        ((180.0, 120.0, 300.0), "about 3 min (2 to 5)"),
        ((180.0, 175.0, 185.0), "about 3 min"),
        ((5400.0, 3540.0, 7200.0), "about 1 h 30 (59 min to 2 h)"),
        ((50.0, 40.0, 70.0), "about 50 s (40 s to 1 min)"),
    ],
)
def test_the_time_left_names_its_unit_once(eta: tuple[float, float, float], said: str) -> None:
    assert about(eta) == said


def test_a_moment_ago_is_now_and_not_now_ago() -> None:
    assert [since(NOW - s, NOW) for s in (0.0, 40.0, 7200.0)] == ["now", "40s ago", "2h ago"]


def test_the_forecast_says_value_range_and_probability_or_why_not() -> None:
    told = CurveForecast("val/auc", 0.874, 0.869, 0.879, (), 0.83)
    assert plain(forecast_sentence(told)) == (
        "val/auc heads for 0.8740 (0.8690 to 0.8790) · beats the baseline with 83% probability"
    )
    open_ = CurveForecast("val/auc", 0.874, 0.8, 0.9, (), None, "the spread between seeds is unknown")
    assert plain(forecast_sentence(open_)).endswith(
        "cannot tell yet whether it beats the baseline: the spread between seeds is unknown"
    )
    early = CurveForecast("val/\x1b", None, None, None, reason="too early to tell")
    assert plain(forecast_sentence(early)) == "cannot tell yet where val/␛ ends: too early to tell"
    assert forecast_sentence(None) == ()


def run_with(*sizes: int, status: str = "running") -> Run:
    saved = tuple(Checkpoint(f"a/{i}.ckpt", size, NOW - 60 * (9 - i)) for i, size in enumerate(sizes))
    return Run("/data/x", "a", (), status, "", None, None, None, None, {}, checkpoints=saved)  # type: ignore[arg-type]


def machine(free: int) -> Machine:
    disks = (Disk("/", 1, 10**12), Disk("/data", 1, free))
    return Machine("h", 1, None, None, 0, 1, False, disks)


def test_checkpoints_their_newest_and_whether_the_next_one_fits() -> None:
    run = run_with(10 * MIB, 100 * MIB)
    assert plain(checkpoint_words(run, machine(151 * MIB), NOW)) == (
        "2 checkpoints, newest 8m ago, 100 MiB · the next one fits"
    )
    assert plain(checkpoint_words(run, machine(149 * MIB), NOW)).endswith(
        "✗ the next one (150 MiB) may not fit: 149 MiB free on /data"
    )
    assert checkpoint_words(run_with(), machine(1), NOW) == ()
    assert "fit" not in plain(checkpoint_words(run_with(MIB, status="finished"), machine(1), NOW))


def test_a_path_lies_on_the_longest_mount_above_it() -> None:
    found = machine(1)
    assert disk_of("/data/x", found) == found.disks[1]
    assert disk_of("/database", found) == found.disks[0]
    assert disk_of("/data", None) is None
