"""``runwatch compare`` as people call it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from runwatch.cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"
BOTH = str(FIXTURES / "binary_breast_cancer.csv")
COLUMNS = ["--target", "y_true", "--prediction", "pred_b", "--score", "score_b",
           "--baseline-prediction", "pred_a", "--baseline-score", "score_a"]  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["compare", *arguments])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = called(capsys, *arguments, "--json")
    return code, json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


def sides(folder: Path) -> tuple[str, str]:
    """The reference case as a candidate's and a baseline's file, the candidate's rows in another order."""
    rows = list(csv.DictReader(Path(BOTH).read_text().splitlines()))
    names = []
    for side, order in (("b", range(len(rows))), ("a", reversed(range(len(rows))))):
        path = folder / f"{side}.csv"
        with path.open("w") as file:
            file.write("id,y_true,y_pred,y_score,slice\n")
            for i in order:
                row = rows[i]
                cells = (row["y_true"], row[f"pred_{side}"], row[f"score_{side}"], row["slice"])
                file.write(f"case-{i},{','.join(cells)}\n")
        names.append(str(path))
    return names[0], names[1]


def test_one_file_with_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(capsys, BOTH, *COLUMNS, "--slice", "slice", "--task", "binary")
    assert code == 0 and found["schema"] == 1 and found["verdict"] == "better" and found["task"] == "binary"
    auc = found["metrics"][0]
    assert auc["name"] == "roc_auc" and auc["primary"] and auc["direction"] == "max" and auc["n"] == 569
    assert auc["ci"][0] == pytest.approx(0.003018888207110883, rel=1e-8) and auc["confidence"] == 0.95
    keys = {"name", "direction", "baseline", "candidate", "delta", "ci", "confidence", "p_value", "method",
            "n", "tolerance", "test", "p_adjusted", "reason", "verdict", "primary", "at"}  # fmt: skip
    assert all(keys <= set(metric) for metric in found["metrics"])
    assert {part["slice"] for part in found["slices"]} == {
        f"slice = radius:{w}" for w in ("low", "mid", "high")
    }
    assert all(
        metric["delta"] == pytest.approx(metric["candidate"] - metric["baseline"])
        for metric in found["metrics"]
    )


def test_two_files_joined_by_key_say_the_same(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    candidate, baseline = sides(place)
    _, one = as_json(capsys, BOTH, *COLUMNS)
    for extra in (["--key", "id", "--target", "y_true", "--prediction", "y_pred", "--score", "y_score"], []):
        code, two = as_json(capsys, candidate, "--baseline", baseline, *extra)
        assert code == 0
        for first, second in zip(one["metrics"], two["metrics"], strict=True):
            assert first["name"] == second["name"] and first["delta"] == pytest.approx(second["delta"])
    back, _ = as_json(capsys, baseline, "--baseline", candidate)
    assert back == 2


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson.gz", ".csv.gz", ".feather", ".arrow", ".orc", ".parq"])
def test_predictions_of_every_format_of_tables_say_the_same(
    ending: str, capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    names = sides(place)
    expected = as_json(capsys, names[0], "--baseline", names[1])[1]
    written = [write_table(Path(name), ending) for name in names]
    code, made = as_json(capsys, written[0], "--baseline", written[1])
    assert code == 0 and made["metrics"] == expected["metrics"] and len(made["metrics"]) > 3
    os.remove(written[0])
    code, _, err = called(capsys, written[0], "--baseline", written[1])
    assert code == 3 and "no such file" in err


def write_table(csv_file: Path, ending: str) -> str:
    """The table again, in the format that ``ending`` names."""
    frame, path = pd.read_csv(csv_file), csv_file.with_suffix(ending)
    if "json" in ending:
        frame.to_json(path, orient="records", lines=True)
    elif "csv" in ending:
        frame.to_csv(path, index=False)
    elif ending == ".orc":
        frame.to_orc(path)
    elif ending == ".parq":
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    return str(path)


def test_exit_codes_and_fail_on(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    candidate, baseline = sides(place)
    assert called(capsys, baseline, "--baseline", candidate, "--fail-on", "critical")[0] == 2
    assert called(capsys, baseline, "--baseline", candidate, "--fail-on", "never")[0] == 0
    code, found = as_json(
        capsys, baseline, "--baseline", candidate, "--primary", "recall", "--tolerance", "0.2"
    )
    assert found["verdict"] == "equivalent" and code == 1
    guarded = ["--primary", "recall", "--tolerance", "0.2", "--fail-on", "critical"]
    assert called(capsys, baseline, "--baseline", candidate, *guarded)[0] == 0


def test_multiclass_scores_by_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(FIXTURES / "multiclass_digits.csv")
    code, found = as_json(capsys, path, "--target", "y_true", "--score", "b_*", "--baseline-score", "a_*")
    names = {metric["name"]: metric for metric in found["metrics"]}
    assert code == 0 and found["task"] == "multiclass" and {"roc_auc", "log_loss", "f1_macro"} <= set(names)
    assert any("task assumed: multiclass" in note for note in found["notes"])


def test_forecast(capsys: pytest.CaptureFixture[str]) -> None:
    path, options = str(FIXTURES / "forecast_nile.csv"), ["--target", "y_true", "--horizon", "4"]
    _, found = as_json(capsys, path, *options, "--prediction", "pred_b", "--baseline-prediction", "pred_a")
    mae = next(metric for metric in found["metrics"] if metric["name"] == "mae")
    assert found["task"] == "forecast" and mae["method"] == "diebold-mariano"
    assert mae["test"] == "diebold-mariano-ewc" and mae["p_value"] == pytest.approx(
        0.5806717485770935, rel=1e-8
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.csv", "--baseline", "none.csv"], "runwatch: none.csv: no such file"),
        ([BOTH, "--target", "y", "--score", "score_a"], "no column y (the file has y_true, score_a"),
        ([BOTH, "--target", "y_true", "--prediction", "pred_b"], "nothing to compare with; give --baseline"),
        ([BOTH, "--baseline", "x.json"], "x.json is not a predictions file"),
        ([BOTH, "b.csv"], "name one file and --baseline"),
        ([BOTH, *COLUMNS, "--tolerance", "much"], "--tolerance: much is not a number"),
        ([BOTH, *COLUMNS, "--task", "ranking"], "invalid choice"),
        ([BOTH, *COLUMNS, "--positive", "yes"], "--positive yes is not a label; the labels are 0, 1"),
        ([BOTH, *COLUMNS, "--task", "regression", "--primary", "auc"], "the primary metric auc is not among"),
    ],
)
def test_what_cannot_be_done_exits_3_and_says_why(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, _, err = called(capsys, *arguments)
    assert code == 3 and words in err
    assert "Traceback" not in err


def test_metrics_files(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    (place / "base.json").write_text('{"accuracy": 0.9, "loss": 0.30, "epoch": 5}')
    (place / "cand.yaml").write_text("accuracy: 0.8\nloss: 0.301\nepoch: 9\n")
    code, found = as_json(capsys, "cand.yaml", "--baseline", "base.json")
    by_name = {metric["name"]: metric for metric in found["metrics"]}
    assert code == 1 and found["verdict"] == "worse" and "noise between seeds is unknown" in found["reason"]
    assert by_name["loss"]["verdict"] == "inconclusive" and by_name["epoch"]["verdict"] == "unknown"
    assert by_name["accuracy"]["ci"] is None and by_name["accuracy"]["p_value"] is None


def test_numbers_that_are_not_finite_are_null_with_their_text(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    (place / "base.json").write_text('{"accuracy": 0.9, "loss": 1.0}')
    (place / "cand.json").write_text('{"accuracy": 0.9, "loss": Infinity}')
    _, found = as_json(capsys, "cand.json", "--baseline", "base.json")
    loss = next(metric for metric in found["metrics"] if metric["name"] == "loss")
    assert loss["candidate"] is None and loss["candidate_text"] == "inf" and loss["verdict"] == "unknown"


def runs(place: Path) -> None:
    rng = np.random.default_rng(0)
    for name, level in (("base-1", 0.5), ("base-2", 0.505), ("base-3", 0.498), ("good", 0.3), ("bad", 0.9)):
        folder = place / "runs" / name
        folder.mkdir(parents=True)
        curve = level + np.exp(-np.arange(60) / 8) + 0.001 * rng.normal(size=60)
        lines = [f"{step},{value:.6f},{1 - value / 4:.6f}" for step, value in enumerate(curve)]
        (folder / "metrics.csv").write_text("step,val_loss,val_accuracy\n" + "\n".join(lines) + "\n")
        (folder / "hparams.yaml").write_text(f"lr: {level}\nlayers: 2\n")


def test_a_run_against_a_run_a_group_and_a_file(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    runs(place)
    code, found = as_json(capsys, "bad", "--baseline", "base-1", "--root", "runs", "--primary", "val_loss")
    loss = next(metric for metric in found["metrics"] if metric["name"] == "val_loss")
    assert code == 1 and found["verdict"] == "worse" and loss["at"] == 59 and loss["method"] == "curve-mad"
    assert {"name": "lr", "baseline": 0.5, "candidate": 0.9} in found["hparams"]
    code, found = as_json(capsys, "bad", "--baseline", "base-*", "--root", "runs", "--primary", "val_loss")
    assert code == 2 and found["metrics"][0]["method"] == "seeds-t" and found["baseline"] == "base-* (3 runs)"
    assert called(capsys, "good", "--baseline", "base-*", "--root", "runs")[0] == 0
    (place / "champion.json").write_text('{"val_loss": 0.5}')
    code, found = as_json(capsys, "bad", "--baseline", "champion.json", "--root", "runs")
    assert code == 1 and found["verdict"] == "worse"


def test_runs_by_path_from_elsewhere(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(place)
    shutil.move(place / "runs" / "good", place / "good")
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    code, found = as_json(
        capsys, str(place / "good"), "--baseline", "../runs/base-1", "--primary", "val_loss"
    )
    assert code == 0 and found["verdict"] == "better" and found["baseline"] == "runs/base-1"


def test_no_baseline_names_the_remedy(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    runs(place)
    code, _, err = called(capsys, "good", "--root", "runs")
    assert code == 3 and "runwatch baseline set RUN" in err
    code, _, err = called(capsys, "base", "--baseline", "bad", "--root", "runs")
    assert code == 3 and "no such run" in err
    code, _, err = called(capsys, "1", "--baseline", "bad", "--root", "runs")
    assert code in (0, 1)
    shutil.copytree(place / "runs" / "good", place / "runs" / "more" / "good")
    code, _, err = called(capsys, "ood", "--baseline", "bad", "--root", "runs")
    assert code == 3 and "more/good" in err


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "latex"])
def test_a_table_of_runs_in_every_format(form: str, capsys: pytest.CaptureFixture[str], place: Path) -> None:
    runs(place)
    code, out, _ = called(
        capsys, "bad", "good", "base-1", "--root", "runs", "--primary", "val_loss", "--format", form
    )
    lines = [line for line in out.splitlines() if any(name in line for name in ("bad", "good", "base-1"))]
    assert code == 0 and [next(n for n in ("good", "base-1", "bad") if n in line) for line in lines] == [
        "good", "base-1", "bad",
    ]  # fmt: skip
    assert "lr" in out
    if form == "csv":
        table = list(csv.DictReader(out.splitlines()))
        assert table[0]["rank"] == "1" and float(table[0]["val_loss"]) == pytest.approx(0.3006, abs=0.01)
        assert table[0]["layers"] == "2"


def test_what_a_run_does_not_have_is_an_empty_csv_cell(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    runs(place)
    (place / "runs" / "good" / "hparams.yaml").unlink()
    (place / "runs" / "good" / "metrics.csv").write_text("step,other\n1,0.5\n")
    _, out, _ = called(capsys, "bad", "good", "--root", "runs", "--format", "csv", "--primary", "val_loss")
    good = next(row for row in csv.DictReader(out.splitlines()) if row["run"] == "good")
    assert (good["rank"], good["val_loss"], good["lr"]) == ("", "", "")


def test_a_comparison_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    for form, sign in (
        ("text", "95% interval"),
        ("markdown", "| --- |"),
        ("csv", "ci_low"),
        ("latex", "\\begin{tabular}"),
    ):
        code, out, _ = called(capsys, BOTH, *COLUMNS, "--format", form)
        assert (
            code == 0 and sign in out and ("roc\\_auc" if form in ("latex", "markdown") else "roc_auc") in out
        )
    assert called(capsys, BOTH, *COLUMNS, "-q")[1] == ""


def test_names_are_text_in_latex_and_markdown(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    runs(place)
    name = "[a]&<b>|$x$~"
    shutil.move(place / "runs" / "good", place / "runs" / name)
    _, out, _ = called(capsys, name, "bad", "--root", "runs", "--format", "latex")
    assert r"{[}a{]}\&\textless{}b\textgreater{}\textbar{}\$x\$\textasciitilde{}" in out
    _, out, _ = called(capsys, name, "bad", "--root", "runs", "--format", "markdown")
    assert r"| \[a\]\&\<b>\|\$x\$\~ |" in out
    for candidate, arrow in ((name, "uparrow"), ("bad", "downarrow")):
        arguments = (candidate, "--baseline", "base-1", "--root", "runs", "--primary", "val_loss")
        _, out, _ = called(capsys, *arguments, "--format", "latex")
        assert rf"$\{arrow}$" in out and not set("▲▼…") & set(out)


def test_names_from_disk_cannot_reach_the_terminal(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    (place / "base.json").write_text(json.dumps({"loss\x1b[31m": 1.0, "=cmd()|x loss": 1.0}))
    for form in ("text", "markdown", "csv", "latex"):
        _, out, _ = called(capsys, "base.json", "--baseline", "base.json", "--format", form)
        assert "\x1b" not in out and "loss" in out
        if form == "csv":
            assert "'=cmd()" in out


def test_predictions_are_taken_from_the_configuration(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    candidate, _ = sides(place)
    (place / "runwatch.toml").write_text(
        '[[predictions]]\nname = "x"\nfiles = "b.csv"\nbaseline = "a.csv"\nkey = "id"\ntarget = "y_true"\n'
        'prediction = "y_pred"\nslices = ["slice"]\ncost = { fp = 1, fn = 10 }\n'
    )
    code, found = as_json(capsys, candidate)
    names = {metric["name"] for metric in found["metrics"]}
    assert code == 0 and found["baseline"] == "a.csv" and "cost" in names and "roc_auc" not in names
    assert len(found["slices"]) == 3


def test_settings_keep_their_kind_and_precision(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    runs(place)
    wanted = {"lr": 0.123456789, "layers": [2, 3], "bn": True, "name": "adam", "wd": None, "steps": 2**60}
    (place / "runs" / "good" / "hparams.yaml").unlink()
    (place / "runs" / "good" / "hparams.json").write_text(json.dumps(wanted))
    _, found = as_json(capsys, "good", "--baseline", "base-1", "--root", "runs")
    assert {part["name"]: part["candidate"] for part in found["hparams"]} == {
        name: value for name, value in wanted.items() if value is not None
    }
    assert next(part for part in found["hparams"] if part["name"] == "bn")["baseline"] is None
    _, found = as_json(capsys, "good", "base-1", "--root", "runs")
    by_id = {run["id"]: run["hparams"] for run in found["runs"]}
    assert by_id["good"] == wanted and by_id["base-1"]["lr"] == 0.5 and by_id["base-1"]["bn"] is None
    _, out, _ = called(capsys, "good", "base-1", "--root", "runs", "--format", "csv")
    row = next(row for row in csv.DictReader(out.splitlines()) if row["run"] == "good")
    assert (row["lr"], row["wd"], row["steps"]) == ("0.123456789", "", str(2**60))


def test_a_table_says_who_is_left_out_and_at_which_steps(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    spelled = {"a": ("val/auc", 40), "b": ("val_auc", 40), "c": ("eval_auc", 15), "d": ("val_f1", 40)}
    for name, (tag, last) in spelled.items():
        (place / name).mkdir()
        rows = "".join(f"{step},{0.7 + step / 1000}\n" for step in range(1, last + 1))
        (place / name / "metrics.csv").write_text(f"step,{tag}\n{rows}")
    _, out, _ = called(capsys, *spelled)
    assert "left out, without a value of it: d\n" in out
    assert "the values stand at steps 15 to 40: --step 15 ranks all at one" in out
    _, out, _ = called(capsys, *spelled, "--step", "15")
    assert "ranked by val/auc" in out and "the values stand" not in out


def late(folder: Path, lost: int = 0) -> tuple[str, str, str]:
    """Both sides without the truth, which is in a file of its own but for ``lost`` rows."""
    names, truth = sides(folder), {}
    for name in names:
        rows = list(csv.DictReader(Path(name).read_text().splitlines()))
        truth.update({row["id"]: row.pop("y_true") for row in rows})
        with Path(name).open("w") as file:
            written = csv.DictWriter(file, list(rows[0]))
            written.writeheader()
            written.writerows(rows)
    labels = folder / "labels.csv"
    kept = sorted(truth.items())[lost:]
    labels.write_text("id,outcome\n" + "".join(f"{key},{value}\n" for key, value in kept))
    return *names, str(labels)


def test_labels_of_a_file_of_their_own_are_joined_by_key(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate, baseline = sides(place)
    _, before = as_json(capsys, candidate, "--baseline", baseline, "--key", "id")
    candidate, baseline, labels = late(place)
    asked = [candidate, "--baseline", baseline, "--labels", labels, "--key", "id"]
    _, made = as_json(capsys, *asked)
    assert made["metrics"] == before["metrics"]
    assert any("target column assumed: outcome" in note for note in made["notes"])
    sides(place)
    late(place, lost=40)
    _, made = as_json(capsys, *asked)
    assert any("40 of 569 rows of b.csv have no label in labels.csv" in note for note in made["notes"])


def test_the_last_of_several_labels_of_a_key_counts(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    candidate, baseline, labels = late(place)
    asked = [candidate, "--baseline", baseline, "--labels", labels]
    _, before = as_json(capsys, *asked)
    path = Path(labels)
    head, *rows = path.read_text().splitlines()
    other = [row[:-1] + str(1 - int(row[-1])) for row in rows]
    path.write_text("\n".join([head, *other, *rows]) + "\n")
    _, made = as_json(capsys, *asked)
    assert made["metrics"] == before["metrics"]
    assert any("569 labels in labels.csv replaced by a later one" in note for note in made["notes"])


def test_labels_that_no_row_finds_are_an_error(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    candidate, baseline, labels = late(place)
    text = Path(labels).read_text()
    Path(labels).write_text(text.replace("case-", "row-"))
    code, _, said = called(capsys, candidate, "--baseline", baseline, "--labels", labels)
    assert code == 3 and "none of its 569 rows has a label in labels.csv by id" in said
    Path(labels).write_text(text.replace("id,", "who,"))
    code, _, said = called(capsys, candidate, "--baseline", baseline, "--labels", labels)
    assert code == 3 and "labels need a key to be joined by" in said


def test_a_predictions_entry_takes_its_labels_from_files(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late(place)
    (place / "runwatch.toml").write_text(
        '[[predictions]]\nname = "churn"\nfiles = "*.csv"\nbaseline = "a.csv"\nlabels = "lab*.csv"\n'
        'key = "id"\ntarget = "outcome"\n'
    )
    code, made = as_json(capsys, "b.csv")
    assert code in (0, 1) and made["metrics"]
    main(["check", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    (place / "labels.csv").write_text("id,outcome\nnobody,1\n")
    main(["check", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert "has a label in labels.csv" in json.dumps(found["problems"])


def test_a_table_of_runs_calls_them_by_their_names(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    for name, digit in (("calm-fox", "a"), ("bold-owl", "b")):
        folder = place / "mlruns" / "0" / (32 * digit)
        (folder / "metrics").mkdir(parents=True)
        told = f"run_id: {32 * digit}\nrun_name: {name}\nstatus: 3\nstart_time: 1735689600000\n"
        (folder / "meta.yaml").write_text(told)
        (folder / "metrics" / "loss").write_text("1735689600000 0.5 1\n")
    code, out, _ = called(capsys, "calm-fox", "bold-owl", "--root", "mlruns")
    assert code == 0 and "calm-fox" in out and "bold-owl" in out and 32 * "a" not in out
    _, out, _ = called(capsys, "calm-fox", "bold-owl", "--root", "mlruns", "--format", "csv")
    assert 32 * "a" in out


def _named_run(root: Path, folder: str, name: str, loss: float) -> None:
    """A run of MLflow's file store."""
    run = root / "mlruns" / "1" / folder
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text(
        f"run_id: {folder}\nrun_name: {name}\nstatus: 3\nstart_time: 1796000000000\nend_time: 1796000009000\n"
    )
    (run / "metrics" / "loss").write_text(f"1796000001000 {loss} 1\n1796000002000 {loss / 2} 2\n")


def test_runs_are_called_by_their_names_against_a_baseline_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for i, name in enumerate(("brisk-owl", "seed-1", "seed-2")):
        _named_run(tmp_path, f"{i}" * 32, name, 1.0 + i)
    arguments = ("brisk-owl", "--root", str(tmp_path), "--baseline")
    assert "brisk-owl against seed-1\n" in called(capsys, *arguments, "seed-1")[1]
    assert "brisk-owl against seed-* (2 runs)\n" in called(capsys, *arguments, "seed-*")[1]
    found = as_json(capsys, *arguments, "seed-1")[1]
    assert found["candidate"].endswith("0" * 32) and found["baseline"].endswith("1" * 32)
