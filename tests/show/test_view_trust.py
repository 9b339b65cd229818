"""The top line promises nothing that is not known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from runwatch.domain.finding import Finding
from runwatch.domain.situation import ROOT_GONE, Situation, Snapshot, WatchState
from runwatch.domain.task import TaskList
from runwatch.show.screen import drift, headline, metrics, notices, runs, tasks
from runwatch.show.screen.view import plain

NOW = 1_795_597_320.0
TODAY = date(2026, 11, 25)
LIVE = WatchState("live")


def snapshot(watch: WatchState = LIVE, findings: tuple[Finding, ...] = (), **situation: Any) -> Snapshot:
    found = Situation(NOW, "box", ("/r",), **situation)
    return Snapshot(1, found, findings, {"/r": TaskList("/r/todo.txt", ())}, watch)


def top(made: Snapshot, width: int = 120, later: float = 0.0) -> tuple[str, str]:
    left, right = headline.header(made, headline.HeadAsk(width, TODAY, NOW + later))
    return plain(left), plain(right)


def finding(summary: str) -> Finding:
    return Finding("r", "critical", "exp/a", "", summary, summary, "do it")


@pytest.mark.parametrize(
    "watch, said",
    [
        (WatchState("starting"), "looking for runs"),
        (WatchState("reading", (340, 10_000)), "reading 340 of 10,000 files"),
        (WatchState("reading", walked=12_345), "looking for runs · 12,345 folders so far · 0 runs"),
        (WatchState("live", waiting=("runs", "data")), "judging 0 runs, data"),
        (WatchState("live", waiting=("models",)), "judging models"),
    ],
)
def test_until_all_was_judged_it_says_what_is_being_done(watch: WatchState, said: str) -> None:
    left, right = top(snapshot(watch))
    assert said in left and "✓" not in left
    assert "live" not in right
    panes = [
        runs.runs(snapshot(watch), runs.RunsAsk(), NOW).empty,
        drift.drift(snapshot(watch), drift.DriftAsk(), NOW).empty,
        metrics.metrics(snapshot(watch), metrics.MetricsAsk()).table.empty,
        tasks.tasks(snapshot(watch), tasks.TasksAsk(), TODAY).empty,
    ]
    for i, lines in enumerate(panes if watch.waiting != ("models",) else ()):
        words = " ".join(plain(line) for line in lines)
        assert "…" in words or "still checking" in words or (i == 0 and watch.phase == "live"), (i, words)
    assert "nothing" not in plain(tasks.summary(snapshot(watch), TODAY))


def test_a_verdict_that_was_reached_is_said_while_the_rest_is_judged() -> None:
    left, right = top(snapshot(WatchState("live", waiting=("models",)), (finding("a crashed"),)))
    assert left == "✗ a crashed" and right.startswith("judging")


def test_all_is_well_only_when_everything_was_judged() -> None:
    left, right = top(snapshot())
    assert left == "no runs yet" and right.startswith("● live")


@pytest.mark.parametrize("mark", ["root is gone, waiting", "polling: nfs does not report other writers"])
def test_what_is_lost_is_yellow_with_its_age_and_its_key_and_not_live(mark: str) -> None:
    watch = replace(LIVE, marks=(mark,), degraded=(mark,), since={mark: NOW - 180})
    _, right = headline.header(snapshot(watch), headline.HeadAsk(120, TODAY, NOW))
    assert plain(right).startswith(f"! {mark} 3m") and "live" not in plain(right)
    assert {span.tone for span in right[:3]} <= {"key", "warn"}


def test_a_watch_that_fell_silent_is_not_live() -> None:
    assert top(snapshot(), later=40)[1].startswith("● live")
    assert top(snapshot(), later=185)[1].startswith("✗ no news for 3m")


@pytest.mark.parametrize("width", [38, 60, 78, 118, 198])
def test_headline_and_state_fit_together_and_no_number_is_cut(width: int) -> None:
    said = (
        "small worse than champion, roc_auc −0.0045 (0.9892 against 0.9937, 95% interval −0.0058 to −0.0033)"
    )
    left, right = top(snapshot(findings=(finding(f"exp/a: {said}"), finding("other"))), width)
    assert len(left) + len(right) + 2 <= width
    assert "live" in right
    for word in left.removesuffix("…").split():
        assert word in f"✗ 1/2 exp/a: {said} a".replace(",", " ").split() or word.rstrip(",") in said


def test_a_root_that_is_gone_is_not_said_to_wait_for_its_first_run() -> None:
    gone = snapshot(WatchState("live", marks=(ROOT_GONE,), degraded=(ROOT_GONE,)))
    said = " ".join(plain(line) for line in runs.runs(gone, runs.RunsAsk(), NOW).empty)
    assert "gone" in said and "no runs here yet" not in said
    assert "mount" in " ".join(plain(cell) for cell in notices.problems(gone).rows[0].cells)
