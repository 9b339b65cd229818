"""What the panes show of a snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date

import pytest
from msgspec.structs import replace

from runwatch.domain.comparison import Baseline, Comparison, MetricComparison
from runwatch.domain.drift import Batch, ColumnDrift, ColumnTrend, DataSet, DriftReport
from runwatch.domain.finding import Finding
from runwatch.domain.machine import Disk, Machine
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.run import Metric, Progress, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.domain.task import Task, TaskList
from runwatch.show.names import run_called
from runwatch.show.screen import drift, headline, metrics, run_tables
from runwatch.show.screen import findings as view_findings
from runwatch.show.screen import machine as view_machine
from runwatch.show.screen import runs as view_runs
from runwatch.show.screen import tasks as view_tasks
from runwatch.show.screen.view import Span, TableView, ViewRow, plain

NOW = 1_795_597_320.0
TODAY = date(2026, 11, 25)


def metric(tag: str = "val/auc", last: float = 0.8, direction: str | None = "max", **more: object) -> Metric:
    parts: dict[str, object] = {"best": last, "best_step": 5, "min": last, "max": last, "spark": (0.1, last)}
    parts.update(more)
    return Metric(tag, last, 10, NOW, count=10, direction=direction, format="csv", **parts)  # type: ignore[arg-type]


def run(id: str, status: str = "finished", age: float = 60, **more: object) -> Run:
    parts: dict[str, object] = {"metrics": {"val/auc": metric()}, "version": 1}
    parts.update(more)
    return with_main_metric(Run("/r", id, ("csv",), status, "why", NOW - 900, NOW - age, 10, None, **parts))  # type: ignore[arg-type]


def snapshot(*runs: Run, **more: object) -> Snapshot:
    rest = {name: more.pop(name) for name in ("findings", "tasks") if name in more}
    situation = Situation(NOW, "host", ("/r",), runs, **more)  # type: ignore[arg-type]
    parts: dict[str, object] = {"findings": (), "tasks": {}, **rest}
    return Snapshot(1, situation, watch=WatchState("live"), **parts)  # type: ignore[arg-type]


def finding(severity: str, summary: str = "bad", run: RunKey | None = None, since: float = NOW) -> Finding:
    return Finding("rule", severity, "scope", "", summary, summary, "do", run=run, since=since)  # type: ignore[arg-type]


def texts(row: ViewRow) -> list[str]:
    return [plain(cell) for cell in row.cells]


def names(table: TableView) -> list[str]:
    return [row.key.id for row in table.rows]  # type: ignore[attr-defined]


def said(lines: Iterable[Iterable[Span]]) -> str:
    return " ".join(plain(line) for line in lines)


class TestRuns:
    def test_those_that_need_a_person_come_first(self) -> None:
        made = snapshot(
            run("done"),
            run("going", "running"),
            run("broken", "crashed", 7200),
            run("silent", "stalled"),
            run("warned", "running", 9000),
            findings=(
                finding("critical", run=RunKey("/r", "broken")),
                finding("warning", run=RunKey("/r", "warned")),
            ),
        )
        assert names(view_runs.runs(made, view_runs.RunsAsk(), NOW)) == [
            "broken",
            "warned",
            "silent",
            "going",
            "done",
        ]

    def test_other_orders(self) -> None:
        made = snapshot(
            run("b", age=5, metrics={"val/auc": metric(last=0.7)}),
            run("a", age=9, metrics={"val/auc": metric(last=0.9)}),
        )
        orders = {
            order: names(view_runs.runs(made, view_runs.RunsAsk(order=order), NOW))
            for order in view_runs.ORDERS
        }
        assert orders["name"] == orders["metric"] == ["a", "b"]
        assert orders["newest"] == ["b", "a"]

    def test_a_row_in_words(self) -> None:
        going = run("exp/a", "running", 3, progress=Progress(fraction=0.5, eta=(4800, 4000, 6000)))
        judged = MetricComparison("val/auc", "max", 0.82, 0.8, -0.02, "worse", "", primary=True)
        comparison = Comparison("exp/a", "base", "worse", "", (judged,))
        made = snapshot(
            going, comparisons={going.key: comparison}, baselines={"/r": Baseline("run", "base", "pinned")}
        )
        cells = texts(view_runs.runs(made, view_runs.RunsAsk(), NOW).rows[0])
        assert cells[0] == "▶ running"
        assert cells[1:4] == ["exp/a", "━━╸──  50%", "1 h 20"]
        assert "▼ −0.0200" in cells and "now" in cells

    @pytest.mark.parametrize(("last", "shown"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
    def test_a_value_that_is_no_number_is_shown_as_trouble(self, last: float, shown: str) -> None:
        made = snapshot(run("a", metrics={"val/loss": metric("val/loss", last, "min")}))
        table = view_runs.runs(made, view_runs.RunsAsk(), NOW)
        value = table.rows[0].cells[[column.key for column in table.columns].index("value")]
        assert value == (Span(shown, "bad"),)

    def test_only_rows_that_are_looked_at_are_made(self) -> None:
        kept: view_runs.Kept = {}
        made = snapshot(*(run(f"r{i:03d}", age=60 + i) for i in range(100)))
        view = view_runs.runs(made, view_runs.RunsAsk(order="newest"), NOW, kept)
        assert len(view.rows) == 100 and not kept
        assert "r007" in texts(view.rows[7])
        assert [key.id for key in kept if isinstance(key, RunKey)] == ["r007"]

    def test_rows_of_the_same_parts_are_taken_over(self) -> None:
        kept: view_runs.Kept = {}
        one, two = run("one"), run("two")
        before = view_runs.runs(snapshot(one, two), view_runs.RunsAsk(), NOW, kept)
        changed = replace(two, version=2, metrics={"val/auc": metric(last=0.99)})
        after = view_runs.runs(snapshot(one, changed), view_runs.RunsAsk(), NOW, kept)
        same = {row.key: row for row in after.rows}
        assert all(same[row.key] is row for row in before.rows if row.key == one.key)
        assert "0.9900" in texts(same[two.key])
        assert set(kept) == {one.key, two.key}


def said_on_top(made: Snapshot) -> str:
    return plain(headline.header(made, headline.HeadAsk(100, TODAY, NOW))[0])


class TestHeadline:
    def test_the_newest_of_the_worst_and_how_many_more(self) -> None:
        made = snapshot(
            findings=(
                finding("warning", "w"),
                finding("critical", "old", since=NOW - 99),
                finding("critical", "new"),
                finding("info", "i"),
            )
        )
        assert said_on_top(made) == "✗ 1/4 scope: new"

    def test_then_what_is_due_then_that_all_is_well(self) -> None:
        late = task("pay the bill", due=date(2026, 11, 24))
        made = snapshot(tasks={"/r": TaskList("t", (late,))})
        assert said_on_top(made) == "! due: pay the bill"
        assert said_on_top(snapshot(run("a", "running"))) == "✓ All is well: 1 run running, nothing needs you"


def task(text: str, priority: str | None = None, due: date | None = None, **more: object) -> Task:
    parts: dict[str, object] = {
        "projects": (),
        "contexts": (),
        "threshold": None,
        "completed": None,
        "done": False,
    }
    parts.update(more)
    return Task(text[:4], text, text, priority, created=None, due=due, **parts)  # type: ignore[arg-type]


class TestTasks:
    def list(self, *tasks: Task, **ask: object) -> TableView:
        made = snapshot(tasks={"/r": TaskList("t", tasks)})
        return view_tasks.tasks(made, view_tasks.TasksAsk(**ask), TODAY)  # type: ignore[arg-type]

    def test_critical_then_due_then_mine_then_the_rest(self) -> None:
        shown = self.list(
            task("rule b", "B", source="rule"),
            task("mine"),
            task("late", due=date(2026, 11, 20)),
            task("A first", "A", source="rule"),
            task("zzz", threshold=date(2026, 12, 1)),
            task("x did", done=True, completed=TODAY),
        )
        assert [texts(row)[1] for row in shown.rows] == ["A first", "late", "mine", "rule b"]
        assert plain(shown.note) == "━╸────── 1 of 5 done today · 1 overdue · 1 snoozed"

    def test_finished_and_snoozed_on_demand(self) -> None:
        tasks = (task("x did", done=True, completed=TODAY), task("zzz", threshold=date(2026, 12, 1)))
        assert len(self.list(*tasks, finished=True).rows) == 2
        assert self.list(*tasks).rows == ()

    def test_days_in_words(self) -> None:
        days = {0: "today", 1: "tomorrow", -3: "3d late", 3: "Sat", 20: "15 Dec"}
        for days_on, word in days.items():
            day = date.fromordinal(TODAY.toordinal() + days_on)
            assert plain(view_tasks.due(task("t", due=day), TODAY)) == word

    def test_only_the_words_of_a_task(self) -> None:
        line = task("Run a crashed +nightly @runs rw:3f9a by:runwatch see http://x")
        assert view_tasks.bare(line) == "Run a crashed see http://x"

    def test_nothing_pending_is_one_calm_line(self) -> None:
        assert "Nothing pending" in said(self.list().empty)
        assert "1 task done today" in said(self.list(task("x", done=True, completed=TODAY)).empty)


def column(name: str, verdict: str, effect: float | None, importance: float | None = None) -> ColumnDrift:
    return ColumnDrift(name, "numeric", verdict, "r", "ks", effect, sentence="s", importance=importance)  # type: ignore[arg-type]


class TestDrift:
    def data(self, *columns: ColumnDrift) -> DataSet:
        batches = tuple(Batch(f"b{i}", 10, NOW) for i in range(3))
        trend = ColumnTrend("x", ("stable", "warning", "drifted"), (0.0, 0.05, 0.5))
        report = DriftReport("drifted", 0.5, 1, 10, 1, 10, columns)
        return DataSet("d", "/r", "ref", batches, (trend,), report)

    def test_ranked_by_verdict_then_effect_times_importance(self) -> None:
        data = self.data(
            column("calm", "stable", 0.0),
            column("far", "drifted", 0.3, importance=0.1),
            column("near", "drifted", 0.2, importance=0.9),
            column("few", "unknown", None),
            column("hint", "warning", 0.05),
        )
        table = drift.drift(snapshot(data=(data,)), drift.DriftAsk(), NOW)
        assert [row.key.column for row in table.rows] == ["near", "far", "hint", "few", "calm"]  # type: ignore[attr-defined]

    def test_the_heat_says_it_with_signs_too(self) -> None:
        table = drift.drift(snapshot(data=(self.data(column("x", "drifted", 0.5)),)), drift.DriftAsk(), NOW)
        heat = table.rows[0].cells[2]
        assert plain(heat) == " · ! ✗"
        assert [span.tone for span in heat] == ["heat0", "heat2", "heat4"]

    def test_without_data_it_says_what_to_do(self) -> None:
        assert "[[data]]" in said(drift.drift(snapshot(), drift.DriftAsk(), NOW).empty)


def test_a_long_name_leaves_room_for_what_happened() -> None:
    name = "mlflow/mlruns/662933793172313892/97ec69aa"
    told = replace(finding("critical", f"{name} crashed: out of memory"), scope=name)
    assert view_findings.about(told) == f"…{name[-23:]} crashed: out of memory"
    line = f"Run {name} crashed +churn"
    mine = Task("1", line, line, "A", False, None, None, None, None, ("churn",), ())
    assert view_tasks.bare(replace(mine, source="rule")) == f"Run …{name[-23:]} crashed"
    assert view_tasks.bare(mine) == f"Run {name} crashed"


class TestMetrics:
    def test_the_primary_first_then_what_got_worse(self) -> None:
        one = run("a", metrics={"auc": metric("auc"), "f1": metric("f1"), "lr": metric("lr", direction=None)})
        rows = (
            MetricComparison("f1", "max", 0.6, 0.5, -0.1, "worse", "past the tolerance"),
            MetricComparison("auc", "max", 0.8, 0.8, 0.0, "equivalent", "", primary=True),
        )
        table = metrics.metric_table(one, Comparison("a", "b", "equivalent", "", rows))
        assert [row.key for row in table.rows] == ["auc", "f1", "lr"]
        assert texts(table.rows[1])[1:] == [
            "0.5000",
            "0.6000",
            "▼ −0.1000",
            "",
            "worse",
            "past the tolerance",
        ]

    def test_the_baseline_is_drawn_below_and_marked_runs_in_their_colours(self) -> None:
        runs = [run("base"), run("a"), run("b")]
        made = snapshot(*runs, baselines={"/r": Baseline("run", "base", "pinned")})
        ask = metrics.MetricsAsk(runs[1].key, (runs[2].key,))
        drawn = metrics.metrics(made, ask).plot.curves
        assert [(curve.name, curve.tone) for curve in drawn] == [
            ("base", "baseline"),
            ("b", "series1"),
            ("a", "plain"),
        ]

    def test_a_group_is_a_band(self) -> None:
        runs = [run("seed-1"), run("seed-2"), run("a")]
        made = snapshot(*runs, baselines={"/r": Baseline("group", "seed-*", "runwatch.toml")})
        plot = metrics.metrics(made, metrics.MetricsAsk(runs[2].key)).plot
        assert [curve.name for curve in plot.band] == ["seed-1", "seed-2"]
        assert [curve.name for curve in plot.curves] == ["a"]

    def test_a_group_whose_metric_is_spelt_otherwise_is_a_band_too(self) -> None:
        runs = [run(f"seed-{i}", metrics={"val/auc": metric("val/auc")}) for i in (1, 2)]
        other = run("a", metrics={"eval_auc": metric("eval_auc")})
        made = snapshot(*runs, other, baselines={"/r": Baseline("group", "seed-*", "runwatch.toml")})
        plot = metrics.metrics(made, metrics.MetricsAsk(other.key)).plot
        assert [(curve.name, curve.tag) for curve in plot.band] == [
            ("seed-1", "val/auc"),
            ("seed-2", "val/auc"),
        ]
        train = run("b", metrics={"train_auc": metric("train_auc")})
        made = snapshot(*runs, train, baselines={"/r": Baseline("group", "seed-*", "runwatch.toml")})
        assert metrics.metrics(made, metrics.MetricsAsk(train.key)).plot.band == ()


class TestTables:
    def test_leaderboard_without_a_metric_says_so(self) -> None:
        board = run_tables.leaderboard(snapshot(), run_tables.BoardAsk(None, "best"), NOW)
        assert plain(board.head) == "nothing to rank by yet"

    def test_leaderboard_ranks_by_direction_and_puts_nan_last(self) -> None:
        values = {"a": 0.3, "b": math.nan, "c": 0.1}
        runs = [
            run(n, metrics={"loss": metric("loss", v, "min")}, hparams={"lr": n}) for n, v in values.items()
        ]
        board = run_tables.leaderboard(snapshot(*runs), run_tables.BoardAsk("loss", "last"), NOW)
        assert names(board.table) == ["c", "a", "b"]
        assert board.table.columns[-1].title == "lr"

    def test_one_metric_in_several_spellings_is_one_ranking(self) -> None:
        tags = {"a": "val/auc", "b": "val_auc", "c": "eval_auc", "d": "train_auc"}
        runs = [
            run(n, metrics={tag: metric(tag, last=0.9 - i / 10)}) for i, (n, tag) in enumerate(tags.items())
        ]
        for asked in (None, "val_auc", "eval_auc"):
            board = run_tables.leaderboard(snapshot(*runs), run_tables.BoardAsk(asked, "last"), NOW)
            assert names(board.table) == ["a", "b", "c"]
            assert plain(board.head).endswith("1 without it")
            assert len(board.choices) == 2, "validation's and training's"
        more = [*runs, run("e", metrics={"val_auc": metric("val_auc", last=0.5)})]
        board = run_tables.leaderboard(snapshot(*more), run_tables.BoardAsk(None, "last"), NOW)
        assert board.metric == "val_auc", "as most runs spell it"
        (row,) = (
            row
            for row in run_tables.side_by_side(snapshot(*runs), tuple(r.key for r in runs[:2])).rows
            if isinstance(row.key, tuple) and row.key[0] == "m"
        )
        assert texts(row)[1:] == ["★ 0.9000", "0.8000"]

    def test_side_by_side_shows_what_differs_and_who_is_best(self) -> None:
        one = run("a", hparams={"lr": 0.1, "depth": 3}, metrics={"val/auc": metric(last=0.9)})
        two = run("b", hparams={"lr": 0.2, "depth": 3}, metrics={"val/auc": metric(last=0.8)})
        rows = {
            row.key: texts(row)
            for row in run_tables.side_by_side(snapshot(one, two), (one.key, two.key)).rows
        }
        assert rows[("h", "lr")] == ["  lr", "0.1", "0.2"]
        assert ("h", "depth") not in rows
        assert rows[("m", "val/auc")] == ["  val/auc", "★ 0.9000", "0.8000"]


def test_the_disk_that_is_full_soonest_is_the_one_to_show() -> None:
    disks = (Disk("/", 90, 10), Disk("/data", 50, 50, full_in=3600.0))
    machine = Machine("h", 4, None, 0.5, 1, 2, False, disks)
    assert "/data" in plain(view_machine.strip(machine))
    assert "full in 1 h" in plain(view_machine.strip(machine))
    assert "not measured" in plain(view_machine.strip(None))


def test_what_happened_is_seen_behind_a_long_name() -> None:
    name = "customer_feature_number_" * 4
    found = replace(finding("critical", f"{name} drifted in orders"), subject=name, scope="orders")
    said = view_findings.about(found)
    assert said.startswith("…") and said.endswith("drifted in orders") and len(said) < 50


def test_tasks_without_a_priority_come_after_all_that_have_one() -> None:
    listed = (task("a first by its text"), task("last by its text", priority="Z"), task("m", priority="B"))
    made = snapshot(tasks={"/r": TaskList("t", listed)})
    rows = view_tasks.tasks(made, view_tasks.TasksAsk(), TODAY).rows
    assert [texts(row)[1] for row in rows] == ["m", "last by its text", "a first by its text"]


def test_a_run_is_called_by_its_name_wherever_it_is_told_of() -> None:
    runs = tuple(
        replace(run(f"wandb/offline-run-20261130_1107{i}-abc{i}"), name=name)
        for i, name in enumerate(("wide", "narrow", "narrow"))
    )
    situation = snapshot(*runs).situation
    assert run_called(situation, runs[0].key) == "wide"
    assert run_called(situation, runs[1].key) != run_called(situation, runs[2].key)
    told = replace(finding("critical", "crashed: out of memory"), scope=runs[0].id, root=runs[0].root)
    assert view_findings.about(told, "wide") == "wide: crashed: out of memory"
    named = replace(told, summary=f"{runs[0].id} diverged")
    assert view_findings.about(named, "wide") == "wide diverged"
