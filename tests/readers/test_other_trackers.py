"""Neptune 1.14, Guild AI 0.9, Syne Tune 0.16, FLAML 2.8, Aim 3.29, Orbax 0.12.8, Ax 1.3.1."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from growing import grown
from harness import FIXTURES, Session, Told, claims, read_all

from runwatch.domain.operations import Evidence, Label, Started, Stated
from runwatch.readers import ax, console, flaml, guild, neptune, orbax, syne_tune, tensorboard, unread
from runwatch.readers.base import SourceFile, failed

NEPTUNE = next((FIXTURES / "neptune/.neptune/offline").iterdir())
OK, BAD = sorted(path.name for path in (FIXTURES / "guild/runs").iterdir())


def last(told: Told) -> dict[str, tuple[int, int, float]]:
    return {tag: (len(p), int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


def labels(told: Told) -> dict[str, str]:
    return {label.key: label.value for label in told.of(Label)}


def test_neptune_offline() -> None:
    (told,) = read_all(neptune, FIXTURES / "neptune").runs.values()
    assert last(told) == {"train/loss": (5, 40, 0.2), "best": (1, 40, 0.9)}
    assert told.hparams == {"params/lr": 0.1, "params/layers": 2}
    assert labels(told) == {"name": "ends"}
    assert told.of(Started)[0].at == pytest.approx(1796001771.474168)
    assert claims(console, FIXTURES / "neptune") == []


def test_a_neptune_series_without_steps_and_a_failure(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text('{"containerType": "run"}')
    rows = [
        {"obj": {"type": "LogFloats", "path": ["a"], "values": [{"value": v, "step": None, "ts": 1.7e9 + v}]}}
        for v in (3.0, 2.0)
    ]
    failed = {"obj": {"type": "AssignBool", "path": ["sys", "failed"], "value": True}}
    text = "".join(json.dumps(row) + "\n" for row in [*rows, failed]) + '{"obj": {}}\n'
    (tmp_path / "data-1.log").write_text(text)
    session = read_all(neptune, tmp_path)
    assert last(session.runs["."]) == {"a": (2, 1, 2.0)}
    assert session.runs["."].of(Evidence)[-1].status == "crashed"
    assert [problem.where for problem in session.problems] == ["line 4"]


def test_any_split_of_neptunes_log_reads_the_same(tmp_path: Path) -> None:
    data = (NEPTUNE / "data-1.log").read_bytes()
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.json").write_text('{"containerType": "run"}')
    whole = grown(neptune, tmp_path / "a", "data-1.log", data, [])
    for cut in range(40, len(data), 173):
        assert grown(neptune, tmp_path / "b", "data-1.log", data, [cut]) == whole


def test_guild() -> None:
    runs = read_all(guild, FIXTURES / "guild").runs
    good, bad = runs[f"runs/{OK}"], runs[f"runs/{BAD}"]
    assert good.hparams == {"epochs": 3, "lr": 0.5}
    assert labels(good) == {"name": "epochs=3 lr=0.5"}
    assert good.of(Started)[0].at == pytest.approx(1796001865.367822)
    assert [good.of(Evidence)[-1].status, bad.of(Evidence)[-1].status] == ["finished", "crashed"]
    assert bad.of(Evidence)[-1].reason == "Guild recorded exit status 3"
    events = read_all(tensorboard, FIXTURES / "guild").runs
    assert last(events[f"runs/{OK}"])["loss"] == (3, 2, pytest.approx(0.166667))


@pytest.mark.parametrize("lock", ["LOCK", "LOCK.remote"])
def test_a_guild_run_that_was_restarted_is_running_whatever_its_last_exit_status(
    tmp_path: Path, lock: str
) -> None:
    shutil.copytree(FIXTURES / "guild", tmp_path / "home")
    (tmp_path / "home/runs" / BAD / ".guild" / lock).write_text("4711")
    told = read_all(guild, tmp_path / "home").runs[f"runs/{BAD}"].of(Evidence)
    assert [evidence.status for evidence in told] == ["running", "running"]
    assert told[-1].reason == "Guild holds its lock"


def test_syne_tune() -> None:
    runs = read_all(syne_tune, FIXTURES / "syne-tune").runs
    assert set(runs["demo/0"].series) == {"loss"}
    assert runs["demo/0"].series["loss"].steps.tolist() == [1, 2, 3]
    assert labels(runs["demo/0"]) == {"group": "demo", "name": "demo/0"}
    assert runs["demo/0"].of(Evidence)[-1].reason == "Syne Tune: the trial ended"
    assert runs["demo/4"].of(Evidence)[-1].reason == "Syne Tune: the trial was stopped by the scheduler"


def test_reports_without_a_step_are_counted_and_a_failure_is_no_end(tmp_path: Path) -> None:
    text = "".join(f'[tune-metric]: {{"acc": 0.{i}, "st_worker_iter": {i}}}\nhello\n' for i in range(3))
    (tmp_path / "std.out").write_text(text)
    (tmp_path / "std.err").write_text("Traceback (most recent call last):\nValueError: x\n")
    (tmp_path / "end").write_text("1.0")
    told = read_all(syne_tune, tmp_path).runs["."]
    assert last(told) == {"acc": (3, 3, 0.2)}
    assert not told.of(Evidence)
    whole = grown(syne_tune, tmp_path, "std.out", text.encode(), [])
    for cut in range(5, len(text), 17):
        assert grown(syne_tune, tmp_path, "std.out", text.encode(), [cut]) == whole


def test_the_names_of_a_trial_are_told_though_its_first_reading_failed() -> None:
    """The cursor of a failed reading is no sign that anything was told."""
    claim = next(one for one in claims(syne_tune, FIXTURES / "syne-tune") if one.run_id == "demo/0")
    source = SourceFile.now(str(FIXTURES / "syne-tune"), "demo/0/std.out")
    before = failed(source, None, PermissionError("no")).cursor
    told = syne_tune.read(claim, source, before).operations["demo/0"]
    assert [one.value for one in told if isinstance(one, Label)] == ["demo/0", "demo"]


def test_flaml() -> None:
    told = read_all(flaml, FIXTURES / "flaml").runs["."]
    assert set(told.series) == {"validation_loss"}
    assert last(told)["validation_loss"] == (6, 5, pytest.approx(0.05917, abs=1e-5))
    assert told.of(Stated) == [Stated("validation_loss", "min")]
    assert (told.hparams["learner"], told.hparams["n_estimators"]) == ("rf", 7)
    assert claims(console, FIXTURES / "flaml") == []


def test_of_aim_only_the_names_are_read_and_that_is_said() -> None:
    session = read_all(unread, FIXTURES / "aim")
    found = {labels(told)["name"]: told.of(Evidence)[-1].status for told in session.runs.values()}
    assert found == {"ends": "finished", "killed": "running"}
    assert [problem.message for problem in session.problems] == [
        "Aim: the metrics of this store are not read, only the names of its runs"
    ]


def test_a_store_that_is_not_read_is_said(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / "w/p/snapshots").mkdir(parents=True, exist_ok=True)
        (tmp_path / "w/p/snapshots" / name).write_text('{"report": {"items": []}, "timestamp": "2026-11-30"}')
    assert [problem.message for problem in read_all(unread, tmp_path / "w").problems] == [
        "Evidently: of these snapshots only drift is read, and they have none"
    ]


def first_of_the_search(session: Session, file: str) -> Told:
    """The first trial of the search that both stores of Ax hold, once all four have their status."""
    runs = {run.removeprefix(f"{file}#"): told for run, told in session.runs.items()}
    statuses = {run: told.of(Evidence)[-1].status for run, told in runs.items()}
    assert list(statuses.items()) == [
        ("tune/0", "finished"),
        ("tune/1", "finished"),
        ("tune/2", "running"),
        ("tune/3", "crashed"),
    ]
    assert runs["tune/0"].hparams == {"lr": 0.0031622776601683794, "act": "gelu"}
    return runs["tune/0"]


def test_a_search_of_ax_is_a_group_of_trials(tmp_path: Path) -> None:
    """Of 1.3.1 (tests/fixtures/makers/ax_search.py), saved twice."""
    file = Path(shutil.copy(FIXTURES / "ax" / "client.json", tmp_path))
    session = Session([ax], tmp_path).look()
    first = first_of_the_search(session, "client.json")
    assert labels(first) == {"name": "tune/0", "group": "tune"} and first.of(Stated)[-1] == Stated(
        "loss", "min"
    )
    assert last(first) == {"loss": (4, 3, 0.3031622777)}
    saved = json.loads(file.read_text())
    saved["experiment"]["trials"]["2"]["status"]["name"] = "EARLY_STOPPED"
    del saved["experiment"]["trials"]["3"]
    file.write_text(json.dumps(saved))
    runs = session.look().runs
    assert runs["client.json#tune/2"].of(Evidence)[-1].status == "finished"
    assert last(runs["client.json#tune/0"]) == {"loss": (4, 3, 0.3031622777)}


def test_a_search_of_ax_in_sqlite_is_the_same_group_of_trials(tmp_path: Path) -> None:
    """Of 1.3.1 (tests/fixtures/makers/ax_search.py), then as it goes on."""
    file = Path(shutil.copy(FIXTURES / "ax" / "ax.db", tmp_path))
    session = Session([ax], tmp_path).look()
    first = first_of_the_search(session, "ax.db")
    assert labels(first) == {"name": "tune/0", "group": "tune"}
    assert first.of(Stated)[-1] == Stated("loss", "min")
    assert last(first) == {"loss": (4, 3, 0.3031622777)}
    with closing(sqlite3.connect(file)) as connection:
        connection.execute('UPDATE trial_v2 SET status = 7 WHERE "index" = 2')
        connection.execute("UPDATE data_v2 SET data_json = 'torn' WHERE trial_index = 1")
        connection.execute("UPDATE arm_v2 SET parameters = '[1]'")
        connection.commit()
    runs = session.look().runs
    assert runs["ax.db#tune/2"].of(Evidence)[-1].reason == "Ax stopped the trial early"
    assert last(runs["ax.db#tune/0"]) == {"loss": (4, 3, 0.3031622777)}


def test_a_store_of_ax_with_other_columns_is_said(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ax.db")) as connection:
        for table in ("experiment_v2", "trial_v2", "data_v2", "generator_run_v2", "arm_v2", "metric_v2"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER)")
        connection.commit()
    session = read_all(ax, tmp_path)
    assert not session.runs
    assert [problem.message for problem in session.problems] == [
        "cannot be read: not a store of Ax: the table trial_v2 lacks its columns"
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"_type": "AxClient", "experiment": {}}',
        '{"_type": "Client", "experiment": {"trials": {"0": 1, "1": {"status": {"name": "RUNNING"}}}}}',
        '{"__type": "Experiment", "trials": {"0": {"status": {"name": "COMPLETED"}}}, "data_by_trial":'
        ' {"0": {"value": [[0, {"df": {"value": "{"mean": 1, "metric_name": {"0": 1}}"}}]]}}}',
    ],
)
def test_what_ax_never_wrote_breaks_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "snapshot.json").write_text(text)
    read_all(ax, tmp_path)


def test_orbax_keeps_metrics_with_its_checkpoints() -> None:
    told = read_all(orbax, FIXTURES / "orbax").runs["ckpt"]
    assert told.series["loss"].steps.tolist() == [20, 30]
    assert last(told)["acc"] == (2, 30, 0.3)
    assert told.series["acc"].values[0] != told.series["acc"].values[0]
