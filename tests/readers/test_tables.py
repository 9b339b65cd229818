"""CSV logs of all dialects, and JSON lines: real files, hostile files, and files that grow."""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from harness import FIXTURES, Session, claims, read_all, reading_of
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.operations import Length
from runwatch.domain.points import Points
from runwatch.domain.tree import FileStat
from runwatch.readers import csv, jsonl, keras, lightning, limits, sb3, ultralytics
from runwatch.readers.base import Claim, Reader, SourceFile

EXPECTED = json.loads((FIXTURES / "expected_tables.json").read_text())
nan = math.nan


def series(
    root: Path, text: bytes | str, name: str = "metrics.csv", reader: Reader = csv
) -> dict[str, Points]:
    return session(root, text, name, reader).runs["."].series


def session(root: Path, text: bytes | str, name: str = "metrics.csv", reader: Reader = csv) -> Session:
    (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_all(reader, root)


def plain(points: dict[str, Points]) -> dict[str, list[tuple[int, float]]]:
    return {
        tag: [(int(s), float(v)) for s, v in zip(p.steps, p.values, strict=True)] for tag, p in points.items()
    }


def agrees(points: Points, wanted: dict[str, object]) -> None:
    finite = points.values[np.isfinite(points.values)]
    assert (int(points.steps[-1]), len(points)) == (wanted["last_step"], wanted["count"])
    assert points.values[-1] == pytest.approx(float(wanted["last"]), rel=1e-6, nan_ok=True)  # type: ignore[arg-type]
    assert len(points) - len(finite) == wanted["nonfinite"]
    if len(finite):
        assert (finite.min(), finite.max()) == pytest.approx((wanted["min"], wanted["max"]), rel=1e-6)


@pytest.mark.parametrize(
    ("reader", "case"),
    [
        (lightning, "lightning-csv-finished"),
        (lightning, "lightning-csv-columns-grow"),
        (lightning, "lightning-csv-crashed"),
        (keras, "keras-tb-finished"),
        (keras, "keras-csv-nan"),
        (keras, "keras-csv-resumed"),
        (sb3, "sb3-finished"),
        (ultralytics, "ultralytics-v8"),
        (jsonl, "jsonl-running"),
        (jsonl, "jsonl-ranks"),
    ],
)
def test_a_real_run_reads_as_expected(reader: Reader, case: str) -> None:
    wanted = EXPECTED[case]
    found = Session([reader], FIXTURES).look()
    told = found.runs[wanted["id"]].series
    assert set(told) == set(wanted["metrics"])
    for tag, metric in wanted["metrics"].items():
        agrees(told[tag], metric)
    assert not [problem for problem in found.problems if problem.file.startswith(case)]


def test_only_logs_are_runs(tmp_path: Path) -> None:
    data = {
        "people.csv": "id,name,score\n1,ann,0.5\n2,bob,0.7\n",
        "predictions.csv": "step,y_true,y_pred,y_score\n1,0,1,0.7\n2,1,1,0.9\n",
        "batches.csv": "batch,age,income\n3,40,1000\n3,20,3000\n3,30,1000\n",
        "shuffled.csv": "step,a\n9,1\n2,1\n7,1\n1,1\n5,2\n3,4\n",
        "words.csv": "step,name\n1,ann\n2,bob\n",
        "0.monitor.csv": '#{"t_start": 1.5, "env_id": "CartPole-v1"}\nr,l,t\n26.0,26,5.8\n',
        "empty.csv": "",
        "chat.jsonl": '{"messages": [], "id": 3}\n{"messages": [], "id": 4}\n',
        "pairs.jsonl": '{"step": 1, "label": 3, "score": 0.1}\n{"step": 2, "label": 0, "score": 0.1}\n',
        "conf.json": '{"step": 1, "lr": 0.1}\n',
    }
    for name, text in data.items():
        (tmp_path / name).write_text(text)
    assert [
        c for reader in (csv, jsonl, keras, lightning, sb3, ultralytics) for c in claims(reader, tmp_path)
    ] == []


def test_a_cross_validation_of_catboost_counts_iterations(tmp_path: Path) -> None:
    """As ``cv()`` of CatBoost 1.2.10 returns it; a grid of settings with that name is none."""
    text = "iterations,test-Logloss-mean,test-Logloss-std\n0,0.68,0.01\n1,0.67,0.02\n"
    found = series(tmp_path, text, "cv.csv")
    assert plain(found)["test-Logloss-mean"] == [(0, 0.68), (1, 0.67)]
    (tmp_path / "cv.csv").write_text("iterations,depth,score\n100,4,0.9\n200,6,0.8\n")
    assert not claims(csv, tmp_path)


def test_a_history_saved_as_a_data_frame_counts_its_rows(tmp_path: Path) -> None:
    told = session(
        tmp_path, ",loss,val_loss,lr\n0,1.5,1.75,0.1\n1,1.25,1.5,0.1\n2,1,1.25,0.01\n", "history.csv"
    )
    assert plain(told.runs["."].series)["val_loss"] == [(0, 1.75), (1, 1.5), (2, 1.25)]
    assert set(told.runs["."].series) == {"loss", "val_loss", "lr"}
    assert told.problems == []
    (tmp_path / "history.csv").write_text(",age,income\n0,40,1000\n1,20,3000\n2,30,1000\n")
    assert claims(csv, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.log", "step,loss\n1,0.5\n2,0.25\n"),
        ("log.txt", "Step\tloss\n1\t0.5\n2\t0.25\n"),
        ("rewards.csv", "episode,loss\n1,0.5\n2,0.25\n"),
    ],
)
def test_a_table_is_a_log_by_any_name(tmp_path: Path, name: str, text: str) -> None:
    assert plain(series(tmp_path, text, name)) == {"loss": [(1, 0.5), (2, 0.25)]}


def test_the_two_equal_files_of_mmengine_belong_to_the_folder_of_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "work/20260101_000000/vis_data"
    folder.mkdir(parents=True)
    records = [
        {"loss": 2.0, "epoch": 1, "step": 50},
        {"loss": 1.5, "epoch": 1, "step": 100},
        {"mAP": 0.5, "step": 1},
    ]
    for name in ("scalars.json", "20260101_000000.json"):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    assert plain(read_all(jsonl, tmp_path).runs["work/20260101_000000"].series) == {
        "loss": [(50, 2.0), (100, 1.5)],
        "mAP": [(1, 0.5)],
    }


def test_a_folder_of_tables_is_one_run_and_equal_tags_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("step,loss\n1,0.5\n")
    (tmp_path / "val.csv").write_text("step,loss\n1,0.7\n")
    (tmp_path / "system.csv").write_text("step,gpu\n1,90\n")
    told = read_all(csv, tmp_path).runs
    assert plain(told["."].series) == {"train/loss": [(1, 0.5)], "val/loss": [(1, 0.7)], "gpu": [(1, 90.0)]}


def test_ranks_in_folders_names_and_rows_are_one_run(tmp_path: Path) -> None:
    for rank in (0, 1):
        (tmp_path / f"a/rank_{rank}").mkdir(parents=True)
        (tmp_path / f"a/rank_{rank}/metrics.csv").write_text(f"step,loss\n1,{rank}\n")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/log.csv").write_text("step,rank,loss\n1,0,3\n1,1,4\n")
    assert plain(read_all(csv, tmp_path).runs["c"].series) == {
        "rank_0/loss": [(1, 3)],
        "rank_1/loss": [(1, 4)],
    }
    (tmp_path / "b").mkdir()
    (tmp_path / "b/log.jsonl").write_text(
        '{"step": 1, "rank": 0, "loss": 3}\n{"step": 1, "rank": 1, "loss": 4}\n'
    )
    assert plain(read_all(csv, tmp_path).runs["a"].series) == {
        "rank_0/loss": [(1, 0)],
        "rank_1/loss": [(1, 1)],
    }
    assert plain(read_all(jsonl, tmp_path).runs["b"].series) == {
        "rank_0/loss": [(1, 3)],
        "rank_1/loss": [(1, 4)],
    }


def test_rows_of_several_splits_are_told_apart(tmp_path: Path) -> None:
    text = "step,phase,loss,val_acc\n1,train,3,\n1,val,4,0.5\n2,train,2,\n3,warm up,1,\n"
    records = [{"step": 1, "mode": m, "loss": v} for m, v in (("train", 3), ("val", 4), ("x", 1))]
    log = "\n".join(map(json.dumps, records)) + "\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert plain(series(tmp_path / "a", text)) == {
        "train/loss": [(1, 3), (2, 2)],
        "val/loss": [(1, 4)],
        "val_acc": [(1, 0.5)],
        "loss": [(3, 1)],
    }
    assert plain(series(tmp_path / "b", log, "log.jsonl", jsonl)) == {
        "train/loss": [(1, 3)],
        "val/loss": [(1, 4)],
        "loss": [(1, 1)],
    }


def test_folds_of_a_cross_validation_are_told_apart(tmp_path: Path) -> None:
    rows = [(fold, epoch, fold + 1 / epoch) for fold in (0, 1) for epoch in (1, 2, 4)]
    wanted = {f"fold_{fold}/loss": [(e, v) for f, e, v in rows if f == fold] for fold in (0, 1)}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = "fold,epoch,loss\n" + "".join(f"{f},{e},{v}\n" for f, e, v in rows)
    log = "".join(json.dumps({"fold": f, "epoch": e, "loss": v}) + "\n" for f, e, v in rows)
    assert plain(series(tmp_path / "a", text)) == wanted
    assert plain(series(tmp_path / "b", log, "log.jsonl", jsonl)) == wanted


def test_rows_of_one_metric_each_are_told_apart(tmp_path: Path) -> None:
    rows = [(1, "loss", 0.5), (1, "val/acc", 0.25), (2, "loss", 0.25), (2, "val/acc", 0.75)]
    wanted = {"loss": [(1, 0.5), (2, 0.25)], "val/acc": [(1, 0.25), (2, 0.75)]}
    text = "step,metric,value\n" + "".join(f"{s},{m},{v}\n" for s, m, v in rows)
    log = "".join(json.dumps({"step": s, "name": m, "value": v}) + "\n" for s, m, v in rows)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert plain(series(tmp_path / "a", text)) == wanted
    assert plain(series(tmp_path / "b", log, "log.jsonl", jsonl)) == wanted


@pytest.mark.parametrize(
    ("header", "step"),
    [
        ("epoch,batch,step", "step"),
        ("epoch,iter", "iter"),
        ("round,epoch", "epoch"),
        ("epoch,current_steps", "current_steps"),
        ("Epoch,Train Loss", "Epoch"),
        ("loss,Global Step", "Global Step"),
    ],
)
def test_the_first_step_like_name_counts(tmp_path: Path, header: str, step: str) -> None:
    names = [*header.split(","), "value"]
    row = ",".join(str(10 + i) for i in range(len(names)))
    found = series(tmp_path, ",".join(names) + f"\n{row}\n")
    assert plain(found)["value"] == [(10 + names.index(step), 10.0 + len(names) - 1)]
    assert "epoch" not in found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("step\tloss\n1\t0.5\n2\t0.25\n", [(1, 0.5), (2, 0.25)]),
        ("step;loss\n1;0,5\n2;-1,25e-3\n", [(1, 0.5), (2, -1.25e-3)]),
        ("  step,      loss\n     1,    0.5\n     2,  2.5e-1\n", [(1, 0.5), (2, 0.25)]),
        ('"step","loss"\r\n"1","0.5"\r\n2,0.25\r\n', [(1, 0.5), (2, 0.25)]),
        ("\ufeffstep,loss\n1,0.5\n\n2,0.25\n", [(1, 0.5), (2, 0.25)]),
        ("step,loss\n1,nan\n2,-Infinity\n3,NA\n4,\n5,1e400\n", [(1, nan), (2, -math.inf), (5, math.inf)]),
        ("# a comment\nstep,loss\n1,0.5,\n2,0.25,\n", [(1, 0.5), (2, 0.25)]),
        ("step,loss\n1,0.5\n# resumed from 1\n2,0.25\n", [(1, 0.5), (2, 0.25)]),
        ("step,loss\n1.0,0.5\n1e1,0.25\n", [(1, 0.5), (10, 0.25)]),
        ("step,50%,loss\n1,1,0.5\n2,1,25.5%\n", [(1, 0.5), (2, 25.5)]),
        ("step,loss\n9007199254740993,1\n", [(9007199254740993, 1.0)]),
        ("step,loss\n5,1\n3,2\n3,4\n", [(3, 4.0), (5, 1.0)]),
    ],
)
def test_dialects(tmp_path: Path, text: str, values: list[tuple[int, float]]) -> None:
    told = session(tmp_path, text)
    found = told.runs["."].series["loss"]
    assert told.problems == []
    assert found.steps.tolist() == [step for step, _ in values]
    np.testing.assert_array_equal(found.values, [value for _, value in values])


def test_a_header_again_in_the_middle_is_switched_to(tmp_path: Path) -> None:
    text = "step,a,b\n1,10,20\nstep,a,b\n2,11,21\nb,step,c\n22,3,33\n23,4,34\n"
    told = session(tmp_path, text)
    assert plain(told.runs["."].series) == {
        "a": [(1, 10), (2, 11)],
        "b": [(1, 20), (2, 21), (3, 22), (4, 23)],
        "c": [(3, 33), (4, 34)],
    }
    assert told.problems == []


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [
        b"step,loss,note", b"1,0.5,train", b"2,0.6", b"3,0.7,x,9", b"\0\0\0\0", b"5,abc,train",
        b"x,0.1,train", b"2.5,0.1,train", b"8,0.8,\xff\xfe", b'9,"0.9,train', b"10,1_0,train", b"11,1.1,val",
    ]  # fmt: skip
    told = session(tmp_path, b"\n".join(rows) + b"\n")
    assert plain(told.runs["."].series) == {"loss": [(1, 0.5), (8, 0.8), (11, 1.1)]}
    assert {problem.where for problem in told.problems} == {
        f"line {n}" for n in (3, 4, 5, 6, 7, 8, 9, 10, 11)
    }
    assert all(problem.hint for problem in told.problems)


def test_a_quoted_cell_may_go_over_several_lines(tmp_path: Path) -> None:
    text = (
        'step,loss,sample,acc\n1,0.5,"Hello,\nworld",0.25\n2,0.4,plain,0.5\r\n'
        '3,0.3,"a\n\n""b"" # c\r\n3, or 4, or 5",0.75\n4,0.2,"ok",1\n'
    )
    told = session(tmp_path, text)
    assert plain(told.runs["."].series) == {
        "loss": [(1, 0.5), (2, 0.4), (3, 0.3), (4, 0.2)],
        "acc": [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)],
    }
    assert told.problems == []


def test_a_quote_that_is_never_closed_costs_its_line_alone(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i / 8},x\n" for i in range(3, 9))
    told = session(tmp_path, f'step,loss,note\n1,0.5,a\n2,0.4,"oops\nmore\n{rows}')
    assert plain(told.runs["."].series)["loss"] == [(1, 0.5), *((i, i / 8) for i in range(3, 9))]
    assert [problem.where for problem in told.problems] == ["line 3"]


def test_an_open_quote_holds_no_more_than_a_cell_may_have(tmp_path: Path) -> None:
    told = session(tmp_path, 'step,loss,note\n1,0.5,a\n2,0.4,"oops\n' + "words\n" * 20_000 + "3,0.3,b\n")
    assert plain(told.runs["."].series)["loss"] == [(1, 0.5), (3, 0.3)]
    assert "line 3" in {problem.where for problem in told.problems}


def test_problems_are_counted_past_the_limit(tmp_path: Path) -> None:
    told = session(tmp_path, "step,loss\n1,2\n" + "3\n" * 500)
    assert len(told.problems) == limits.PROBLEMS + 1
    assert "480 further" in told.problems[-1].message


def test_lines_past_the_limit_are_skipped_in_bounded_memory(tmp_path: Path) -> None:
    text = b"step,loss\n1,0.5\n" + b"7" * (3 * limits.LINE) + b"\n2,0.25\n" + b"8" * (10 * limits.LINE)
    told = session(tmp_path, text)
    assert plain(told.runs["."].series) == {"loss": [(1, 0.5), (2, 0.25)]}
    assert {problem.where for problem in told.problems} == {"line 3", "line 5"}
    with (tmp_path / "metrics.csv").open("ab") as out:
        out.write(b"8\n3,0.125\n")
    assert plain(told.look().runs["."].series)["loss"][-1] == (3, 0.125)


def test_five_thousand_columns_are_read_and_more_are_said(tmp_path: Path) -> None:
    names = [f"m{i}" for i in range(limits.COLUMNS + 10)]
    text = "step," + ",".join(names) + "\n1," + ",".join(map(str, range(len(names)))) + "\n"
    told = session(tmp_path, text)
    found = plain(told.runs["."].series)
    assert len(found) == limits.COLUMNS - 1
    assert found["m4998"] == [(1, 4998.0)]
    assert "only the first 5,000" in told.problems[0].message


def test_clocks(tmp_path: Path) -> None:
    text = "step,loss,{}\n1,0.5,{}\n"
    for name, cell, wall in [
        ("timestamp", "1700000000.25", 1700000000.25),
        ("timestamp", "1700000000250", 1700000000.25),
        ("created_at", "2026-01-05T10:00:00Z", 1767607200.0),
        ("time", "12.5", nan),
        ("wall_time", "1e300", nan),
    ]:
        found = series(tmp_path, text.format(name, cell))
        assert set(found) == {"loss"}
        assert found["loss"].wall_times.tolist() == pytest.approx([wall], nan_ok=True)


def test_lightning_keeps_what_came_before_when_training_resumes(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("epoch,step,loss\n0,1,0.9\n0,2,0.8\n1,3,0.7\n")
    watching = read_all(lightning, tmp_path)
    (tmp_path / "metrics.csv").write_text("aux,epoch,step,loss\n,1,3,0.6\n5,1,4,0.5\n")
    operations = watching.look().runs["."]
    assert plain(operations.series)["aux"] == [(4, 5.0)]
    assert plain(operations.series)["loss"][-2:] == [(3, 0.6), (4, 0.5)]


@pytest.mark.parametrize("first", [0, 1])
def test_ultralytics_knows_its_length_and_where_it_counts_from(tmp_path: Path, first: int) -> None:
    header = "               epoch,      train/box_loss,   metrics/mAP50(B)\n"
    rows = "".join(f"{first + i:>20},{0.5 + i:>20},{0:>20}\n" for i in range(3))
    (tmp_path / "args.yaml").write_text("task: detect\nepochs: 7\npatience: 50\n")
    told = session(tmp_path, header + rows, "results.csv", ultralytics).runs["."]
    assert plain(told.series)["train/box_loss"] == [(first, 0.5), (first + 1, 1.5), (first + 2, 2.5)]
    assert told.of(Length) == [Length(epochs=7, first_epoch=first)]
    assert told.epoch == first + 2


def test_sb3_reads_json_lines_where_there_is_no_table(tmp_path: Path) -> None:
    record = '{"time/total_timesteps": 128, "rollout/ep_rew_mean": 20.5, "stdout": "x"}\n'
    assert plain(series(tmp_path, record, "progress.json", sb3)) == {"rollout/ep_rew_mean": [(128, 20.5)]}
    (tmp_path / "progress.csv").write_text("rollout/ep_rew_mean,time/total_timesteps\n20.5,128\n")
    assert [claim.files for claim in claims(sb3, tmp_path)] == [("progress.csv",)]


def test_json_lines_keep_words_for_numbers_and_skip_what_is_none(tmp_path: Path) -> None:
    lines = [
        '\ufeff{"step": 1, "loss": NaN, "eval": {"acc": {"top1": 0.5}}, "done": true, "note": "x", "l": [1]}',
        '{"step": 2, "loss": "-inf", "eval": {"acc": {"top1": 1}}}\r',
        "", "not json", "[1, 2]",
        '{"step": 3, "loss": 1e400, "big": ' + "9" * 400 + "}",
        '{"step": 4, "loss": ' + "9" * 5000 + "}",
        '{"step": 5, "a": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"step": 2.5, "loss": 1}',
        '{"loss": 7}',
    ]  # fmt: skip
    told = session(tmp_path, "\n".join(lines) + "\n", "log.jsonl", jsonl)
    found = plain(told.runs["."].series)
    assert set(found) == {"loss", "eval/acc/top1", "big"}
    assert found["eval/acc/top1"] == [(1, 0.5), (2, 1.0)]
    assert [step for step, _ in found["loss"]] == [1, 2, 3]
    assert math.isnan(found["loss"][0][1])
    assert [value for _, value in found["loss"][1:]] == [-math.inf, math.inf]
    said = {problem.where: problem.message for problem in told.problems}
    assert said["line 4"].startswith("2 lines are not a JSON object")
    assert "4,300 digits" in said["line 7"]
    assert "nested" in said["line 8"]
    assert set(said) == {"line 4", "line 7", "line 8", "line 9", "line 10"}


def test_a_record_behind_the_torn_one_of_a_killed_writer_is_read(tmp_path: Path) -> None:
    log = '{"step": 1, "loss": 2.0}\n{"step": 2, "train": {"lo{"step": 1, "loss": 3.0}\n'
    log += '{"step": 2, "loss": 2.5}{"step": 3, "loss": 2.25}\n{"step": 9, bad, "loss": {"loss": 1}\n'
    (tmp_path / "log.jsonl").write_text(log)
    told = read_all(jsonl, tmp_path)
    assert plain(told.runs["."].series) == {"loss": [(1, 3.0), (2, 2.5), (3, 2.25)]}
    [problem] = told.problems
    assert (problem.where, problem.message) == ("line 2", "2 lines are not a JSON object, skipped")


def test_json_lines_are_found_behind_long_records_and_other_words(tmp_path: Path) -> None:
    many = {f"layer{i}/norm": i for i in range(500)}
    starts = ["started at noon\n", json.dumps({"config": many}) + "\n", ""]
    for i, start in enumerate(starts):
        (tmp_path / f"{i}").mkdir()
        records = [json.dumps({"step": step, "loss": step / 4, **many}) for step in (1, 2)]
        found = series(tmp_path / f"{i}", start + "\n".join(records) + "\n", "log.jsonl", jsonl)
        assert plain(found)["loss"] == [(1, 0.25), (2, 0.5)]
        assert len(found) == 501


def test_a_rewritten_table_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    watching = read_all(csv, tmp_path)
    (tmp_path / "metrics.csv").write_text("step,loss\n9,0.1\n10,0.2\n11,0.3\n12,0.4\n")
    watching.look()
    assert plain(watching.runs["."].series) == {"loss": [(9, 0.1), (10, 0.2), (11, 0.3), (12, 0.4)]}


@pytest.mark.parametrize("reader", [csv, lightning, keras, sb3, ultralytics, jsonl])
def test_a_pipe_in_the_place_of_a_log_is_a_problem(tmp_path: Path, reader: Reader) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    claim = Claim(reader.NAME, reader.NAME, ".", ("metrics.csv",))
    reading = reading_of(reader, claim, SourceFile(str(tmp_path), "metrics.csv", FileStat(0, 0, 0, 0, 0)))
    assert [problem.message for problem in reading.problems] == ["not a regular file, skipped"]


@pytest.mark.parametrize("odd", ["", "nan", "1-2", " 5", "abc"])
def test_a_large_table_reads_the_same_with_and_without_arrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    rows = "".join(f"{i},{i / 7},{-i / 3:.3e},{odd if i % 5000 == 7 else i}\n" for i in range(40_000))
    (tmp_path / "log.csv").write_text("step,a,b,c\n" + rows)
    monkeypatch.setitem(
        sys.modules, "pyarrow", sys.modules.get("pyarrow") or importlib.import_module("pyarrow")
    )
    with_arrow = read_all(csv, tmp_path).runs["."].series
    monkeypatch.delitem(sys.modules, "pyarrow")
    without = read_all(csv, tmp_path).runs["."].series
    assert len(without["c"]) == 40_000 - (0 if odd in ("nan", " 5") else 8)
    for tag in ("a", "b", "c"):
        np.testing.assert_array_equal(with_arrow[tag].values, without[tag].values)
        np.testing.assert_array_equal(with_arrow[tag].steps, without[tag].steps)


def test_what_a_slice_takes_is_bounded(tmp_path: Path) -> None:
    line = b"1," + b",".join([b"0.5"] * 4_000) + b"\n"
    names = b"step," + b",".join(b"m%d" % i for i in range(4_000)) + b"\n"
    (tmp_path / "log.csv").write_bytes(names + line * 500)
    tracemalloc.start()
    read_all(csv, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * limits.MIB


def test_a_last_line_without_newline_waits_until_the_end(tmp_path: Path) -> None:
    watching = session(tmp_path, "step,loss\n1,0.5\n2,0.7")
    told = watching.runs["."]
    assert plain(told.series) == {"loss": [(1, 0.5)]}
    watching.look(final=True)
    assert plain(told.series) == {"loss": [(1, 0.5), (2, 0.7)]}
    (tmp_path / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.75\n3,1\n")
    watching.look()
    assert plain(told.series) == {"loss": [(1, 0.5), (2, 0.75), (3, 1.0)]}


def test_a_quote_that_is_never_closed_costs_each_line_once() -> None:
    """Counted, not timed: how many bytes are put together for each line that follows."""
    from runwatch.readers.common import quotes
    from runwatch.readers.common.lines import LineNotes

    joined = 0

    class Counting(list):  # type: ignore[type-arg]
        def append(self, item: object) -> None:
            nonlocal joined
            joined += 1
            super().append(item)

    reader = quotes.Quotes({}, LineNotes("metrics.csv"))
    assert reader.cells(1, b'2,"', ",") is None
    reader._lines = Counting(reader._lines)
    for line in range(2, 20_000):
        assert reader.cells(line, b"x", ",") is None
    assert joined == 19_998 and reader.open


def test_an_open_quote_ends_where_the_next_row_begins() -> None:
    from runwatch.readers.common import quotes
    from runwatch.readers.common.lines import LineNotes

    notes = LineNotes("metrics.csv")
    reader = quotes.Quotes({}, notes)
    assert reader.cells(2, b'1,"oops,0.5', ",") is None
    state = reader.state()
    again = quotes.Quotes(state, notes)
    assert again.cells(3, b"2,fine,0.25", ",") == ["2", "fine", "0.25"]
    assert [problem.where for problem in notes.problems()] == ["line 2"]


@given(
    st.lists(st.from_regex(r"-?[0-9]{0,12}\.?[0-9]{0,9}(e[0-9])?", fullmatch=True), min_size=1, max_size=80)
)
def test_decimals_are_read_to_the_last_bit(cells: list[str]) -> None:
    from runwatch.readers.common.cells import decimals

    data = ",".join(cells).encode() + b"\n"
    ends = np.flatnonzero(np.isin(np.frombuffer(data, np.uint8), [ord(","), ord("\n")]))
    values, known = decimals(data, np.append(0, ends[:-1] + 1), ends, ord("."))
    for cell, value, sure in zip(cells, values.tolist(), known.tolist(), strict=True):
        assert not sure or (float(cell) == value and np.signbit(float(cell)) == np.signbit(value))
        assert sure or cell.strip("0123456789") != "." or not 1 <= len(cell) - 1 <= 15


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_tags_bear_their_rank_only_where_several_ranks_have_them(tmp_path: Path, name: str) -> None:
    """Whatever was read before the second rank wrote."""
    rows = [(1, 0, "loss", 4), (2, 0, "loss", 3), (2, 1, "memory", 7), (3, 0, "loss", 2), (3, 1, "loss", 9)]

    def text(many: int) -> str:
        if name.endswith("csv"):
            cells = [
                f"{s},{r},{v if t == 'loss' else ''},{v if t == 'memory' else ''}" for s, r, t, v in rows
            ]
            return "\n".join(["step,rank,loss,memory", *cells[:many], ""])
        return "".join(f'{{"step": {s}, "rank": {r}, "{t}": {v}}}\n' for s, r, t, v in rows[:many])

    reader = csv if name.endswith("csv") else jsonl
    alone = {"loss": [(1, 4), (2, 3), (3, 2)], "memory": [(2, 7)]}
    both = {"rank_0/loss": alone["loss"], "rank_1/loss": [(3, 9)], "memory": [(2, 7)]}
    for first in range(1, 6):
        log = tmp_path / str(first) / name
        log.parent.mkdir()
        log.write_text(text(first))
        session = Session([reader], log.parent).look()
        log.write_text(text(4))
        session.look()
        assert first == 5 or plain(session.runs["."].series) == alone
        log.write_text(text(5))
        assert plain(session.look().runs["."].series) == both
    assert not session.problems
