"""What the screen asks of the monitor beside snapshots: the brief, histories, a slice's rows."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from trees import append_jsonl, write_csv

from patience import PATIENCE_S
from runwatch import config
from runwatch.cli import _dashboard_monitor
from runwatch.cli._dashboard_monitor import DashboardMonitor
from runwatch.demo.copying import copy
from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.intents import MarkLooked, PinBaseline
from runwatch.domain.run import Problem, RunKey
from runwatch.shipped import shipped


def _monitor(root: Path) -> DashboardMonitor:
    roots = (str(root),)
    return DashboardMonitor(roots, config.load(roots))


def test_the_brief_tells_what_happened_since_the_last_look(tmp_path: Path) -> None:
    write_csv(tmp_path, "a")
    first = _monitor(tmp_path)
    first.start(lambda snapshot: None)
    [(_, whole)] = first.briefs(lambda: False)
    assert whole.first and whole.span.startswith("since yesterday")
    first.submit(MarkLooked(), lambda answer: None)
    first.stop()
    for step in range(1, 6):
        append_jsonl(tmp_path / "b" / "metrics.jsonl", step=step, loss=float("nan") if step > 3 else 1.0)
    second = _monitor(tmp_path)
    second.start(lambda snapshot: None)
    [(root, brief)] = second.briefs(lambda: False)
    second.stop()
    assert root == str(tmp_path)
    assert "since you last looked" in brief.span and "not finite" in brief.headline


def test_champions_are_remembered(tmp_path: Path) -> None:
    write_csv(tmp_path, "a")
    monitor = _monitor(tmp_path)
    monitor.start(lambda snapshot: None)
    monitor.wait_judged(20.0)
    monitor.submit(PinBaseline(RunKey(str(tmp_path), "a"), "best so far"), lambda answer: None)
    monitor.stop()
    again = _monitor(tmp_path)
    assert [(row["run"], row["reason"]) for row in again.champions(str(tmp_path))] == [("a", "best so far")]
    again.stop()


def test_a_slice_opens_to_its_rows_and_tasks_have_a_history(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    copy(shipped("sample_runs"), root, 1_900_000_000.0)
    monitor = _monitor(root)
    monitor.start(lambda snapshot: None)
    try:
        snapshot = monitor.wait_judged(60.0)
        key = PredictionsKey(str(root), "screening")
        assert snapshot is not None and key in snapshot.situation.predictions
        rows = monitor.slice_rows(key, "clinic = harbour")
        assert not isinstance(rows, Problem)
        names, table = rows
        assert 0 < len(table) <= 200 and {row[names.index("clinic")] for row in table} == {"harbour"}
        assert isinstance(monitor.slice_rows(key, "clinic = mars"), Problem)
        assert any(event.what == "opened" for _, event in monitor.history())
    finally:
        monitor.stop()


def test_a_finding_that_comes_later_has_its_task_within_seconds_and_a_restart_closes_and_opens_no_task(
    tmp_path: Path,
) -> None:
    root = tmp_path / "demo"
    copy(shipped("sample_runs"), root, 1_900_000_000.0)
    seen = []
    for _ in range(2):
        monitor = _monitor(root)
        monitor.start(lambda snapshot: None)
        end = time.monotonic() + 2 * PATIENCE_S
        while time.monotonic() < end and (
            monitor.latest is None or monitor.unjudged or not _has_data(monitor)
        ):
            time.sleep(0.1)
        while time.monotonic() < end and "drifted in screening" not in (root / "todo.txt").read_text():
            time.sleep(0.1)
        monitor.stop()
        seen.append((root / "todo.txt").read_text())
    assert "drifted in screening" in seen[0] and "res:auto" not in seen[1]
    assert seen[1] == seen[0]


def _has_data(monitor: DashboardMonitor) -> bool:
    return monitor.latest is not None and any(data.batches for data in monitor.latest.situation.data)


def test_whoever_leaves_waits_for_no_brief(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dashboard_monitor, "ANSWER_TIMEOUT_S", 10 * PATIENCE_S)
    monitor, left = _monitor(tmp_path), threading.Event()
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(monitor.briefs(left.is_set)), daemon=True)
    asking.start()
    assert not answers
    left.set()
    asking.join(PATIENCE_S)
    assert answers == [[]]
    monitor.stop()
