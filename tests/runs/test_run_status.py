"""A status is its evidence: positive evidence first, then freshness; silence alone is never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runwatch.domain.operations import Evidence, Length
from runwatch.domain.run import Process
from runwatch.runs.status import StatusFacts, judge
from runwatch.text import units

NOW = 1_700_000_000.0
HOUR = 3600.0
OLD = NOW - 48 * HOUR
FRESH = NOW - 5.0


def _status(**facts: object) -> str:
    return judge(StatusFacts(**facts), NOW)[0]  # type: ignore[arg-type]


def test_the_frameworks_word_beats_freshness() -> None:
    done = Evidence("finished", "all steps done")
    assert _status(evidence=(done,), updated=FRESH) == "finished"
    assert _status(evidence=(Evidence("crashed", "exit code 1"),), updated=FRESH) == "crashed"


def test_a_reached_length_is_finished_whatever_epochs_start_from() -> None:
    assert _status(length=Length(steps=40), last_step=40, updated=OLD) == "finished"
    assert _status(length=Length(steps=40), last_step=39, updated=OLD) == "unknown"
    assert _status(length=Length(epochs=12, first_epoch=1), last_epoch=12, updated=OLD) == "finished"
    assert _status(length=Length(epochs=12, first_epoch=0), last_epoch=11, updated=OLD) == "finished"
    assert _status(length=Length(epochs=12, first_epoch=1), last_epoch=11, updated=OLD) == "unknown"


def test_a_traceback_is_a_crash_until_numbers_are_written_well_after_it() -> None:
    trace = (Evidence("crashed", "ValueError: x", by="console"),)
    assert _status(evidence=trace, updated=OLD, console_updated=OLD, numbers_updated=OLD) == "crashed"
    resumed = {"console_updated": NOW - HOUR, "numbers_updated": FRESH, "updated": FRESH}
    assert _status(evidence=trace, **resumed) == "running"


def test_a_traceback_after_the_planned_end_is_a_crash() -> None:
    trace = (Evidence("crashed", "ValueError: x", by="console"),)
    facts = {"length": Length(epochs=10), "last_epoch": 9.0, "updated": OLD, "console_updated": OLD}
    assert _status(evidence=trace, numbers_updated=OLD, **facts) == "crashed"
    assert _status(evidence=(), numbers_updated=OLD, **facts) == "finished"


def test_fresh_is_running_and_old_silence_is_unknown() -> None:
    assert _status(updated=FRESH) == "running"
    assert _status(updated=OLD) == "unknown"
    assert _status(updated=NOW - 200.0) == "unknown"
    assert _status(updated=NOW - 200.0, longest_gap=100.0) == "running"


def test_a_write_ahead_of_the_clock_is_of_now_and_the_skew_is_said() -> None:
    assert judge(StatusFacts(updated=NOW + 30.0), NOW)[1].endswith(units.moment(NOW + 30.0, NOW))
    status, reason = judge(StatusFacts(updated=NOW + 3 * HOUR), NOW)
    assert status == "running" and "clock skew 3 h" in reason


def test_the_length_that_was_reached_is_named() -> None:
    both = Length(steps=6000, epochs=3, first_epoch=1)
    for step, epoch, words in ((100, 3.0, "3 epochs"), (6000, 2.0, "step 6000")):
        told = judge(StatusFacts(length=both, last_step=step, last_epoch=epoch), NOW)
        assert told == ("finished", f"reached its planned {words}")


def test_called_running_but_silent_is_stalled() -> None:
    status, reason = judge(
        StatusFacts(evidence=(Evidence("running", "MLflow says RUNNING"),), updated=OLD), NOW
    )
    assert status == "stalled" and "no sign of life" in reason


def test_seen_alive_then_silent_past_its_rhythm_is_stalled() -> None:
    assert _status(updated=NOW - 900.0, silence=("quiet", 900.0)) == "running"
    assert _status(updated=NOW - HOUR, silence=("stalled", HOUR)) == "stalled"


def test_a_process_that_lives_is_running_and_one_that_is_gone_early_crashed() -> None:
    alive = Process(7, "here", 1.0, True, "has its file open")
    gone = replace(alive, alive=False)
    assert _status(updated=OLD, process=alive) == "running"
    assert _status(updated=FRESH, process=gone, length=Length(steps=100), last_step=10) == "crashed"
    assert _status(updated=OLD, process=gone) == "unknown"


def test_clocks_that_disagree_are_said() -> None:
    _, reason = judge(StatusFacts(updated=FRESH, own_clock=OLD), NOW)
    assert "its own clock says" in reason


def test_a_file_from_the_future_is_fresh() -> None:
    assert _status(updated=NOW + HOUR) == "running"


@given(
    updated=st.none() | st.floats(0, 2e9),
    gap=st.floats(0, 1e6),
    step=st.none() | st.integers(-(2**63), 2**63 - 1),
    silence=st.none() | st.tuples(st.sampled_from(["none", "quiet", "stalled"]), st.floats(0, 1e6)),
)
def test_without_positive_evidence_nothing_is_ever_crashed(updated, gap, step, silence) -> None:
    status, reason = judge(
        StatusFacts(updated=updated, longest_gap=gap, last_step=step, silence=silence), NOW
    )
    assert status != "crashed" and reason


@pytest.mark.parametrize("status", ["finished", "crashed"])
def test_of_two_words_the_newer_counts(status: str) -> None:
    other = "crashed" if status == "finished" else "finished"
    evidence = (Evidence(status, "new", at=2.0), Evidence(other, "old", at=1.0))  # type: ignore[arg-type]
    assert _status(evidence=evidence, updated=OLD) == status
