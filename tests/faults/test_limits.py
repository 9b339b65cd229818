"""What is too deep, too long or too much costs one line, and little memory."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from looking import dashboard, ls, messages, only_run, write

from runwatch.data.errors import DataError
from runwatch.data.number_files import load_numbers

MIB = 1024 * 1024
GOOD = '{"step": %d, "loss": 0.5}\n'


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ('{"step": 2, "x": ' + "[" * 5000 + "]" * 5000 + "}", "deep"),
        ('{"step": 2, "x": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}", "deep"),
        ('{"step": 2, "x": ' + "9" * 5000 + "}", "digits"),
        ('{"step": 2, "loss": 0.5, "x": "' + "y" * (MIB + 100) + '"}', "longer than 1 MiB"),
    ],
    ids=["lists", "objects", "digits", "long"],
)
async def test_one_line_past_a_limit(root: Path, bad: str, word: str) -> None:
    write(root / "a" / "metrics.jsonl", GOOD % 1 + bad + "\n" + GOOD % 3)
    run = only_run(root)
    assert run["metrics"]["loss"]["last_step"] == 3
    assert word in messages(run) and "line 2" in messages(run)
    async with dashboard(root) as eyes:
        await eyes.sees("step 3")
        await eyes.opens(4)
        await eyes.sees("line 2", word)


@pytest.mark.parametrize(
    "name", ["metrics.csv", "metrics.jsonl", "train.log", "events.out.tfevents.1.x", "run.wandb"]
)
def test_a_huge_sparse_file_is_read_in_bounded_memory(root: Path, name: str) -> None:
    write(root / "b" / "metrics.csv", "step,loss\n1,0.5\n")
    start = "step,loss\n1,0.5\n" if name.endswith("csv") else GOOD % 1
    path = write(root / "a" / name, start)
    os.truncate(path, 96 * MIB)
    tracemalloc.start()
    try:
        found = ls(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert any(run["id"] == "b" for run in found["runs"])
    assert peak < 64 * MIB, peak


@pytest.mark.parametrize(
    "name", ["trainer_state.json", "results.json", "config.json", "params.yaml", "mlflow.db", "state.json"]
)
def test_a_huge_document_is_not_loaded(root: Path, name: str) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    path = write(root / "a" / name, '{"x": 1' if name.endswith("json") else "a: 1\n")
    os.truncate(path, 40 * 1024 * MIB)
    tracemalloc.start()
    try:
        run = only_run(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run["metrics"]["loss"]["last"] == 0.5
    assert peak < 64 * MIB, peak


def test_yaml_that_grows_from_aliases_or_builds_objects(root: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    mark = root / "executed"
    write(root / "a" / "config.yaml", laughs)
    write(root / "a" / "params.yaml", f"!!python/object/apply:os.mkdir ['{mark}']\n")
    run = only_run(root)
    assert run["metrics"]["loss"]["last"] == 0.5
    assert not mark.exists()
    assert "config.yaml" in messages(run) or not run["hparams"]


def test_pickles_and_code_are_never_run(root: Path) -> None:
    import pickle

    mark = root / "executed"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(mark),)

    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    for name in (
        "model.pt",
        "best.ckpt",
        "model.joblib",
        "model.pkl",
        "arrays.npy",
        "results.pkl",
        "metrics.npy",
    ):
        write(root / "a" / name, pickle.dumps(Bomb()))
    write(root / "a" / "runwatch.py", f"import os; os.mkdir({str(mark)!r})\n")
    assert only_run(root)["metrics"]["loss"]["last"] == 0.5
    assert not mark.exists()


async def test_very_many_columns_and_tags(root: Path) -> None:
    columns = ",".join(["step", *(f"c{i}" for i in range(12_000))])
    write(root / "a" / "metrics.csv", f"{columns}\n{','.join(['1'] * 12_001)}\n")
    run = only_run(root)
    assert len(run["metrics"]) <= 10_000
    assert run["problems"]
    async with dashboard(root) as eyes:
        await eyes.sees(" a ")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("m.yaml", "a: &a [1, 2]\nb: *a\n", "aliases are refused"),
        ("m.yaml", "accuracy: " + "[" * 150 + "]" * 150, "nested deeper"),
        ("m.yaml", "accuracy: 0.5 #" + " " * (1 << 20), "larger than"),
        ("m.json", '{"a": ' + "[" * 150 + "]" * 150 + "}", "nested deeper"),
        ("m.json", '{"a": ', "cannot be read"),
    ],
)
def test_a_metrics_file_past_a_limit_is_refused_in_words(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as refused:
        load_numbers(str(tmp_path / name))
    assert words in refused.value.what


def test_a_metrics_file_within_the_limits_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("accuracy: 0.5\ntest:\n  f1: 1e-3\n  digits: " + "9" * 500 + "\n")
    assert load_numbers(str(tmp_path / "m.yaml")) == {"accuracy": 0.5, "test/f1": 0.001}
    (tmp_path / "m.json").write_text('\ufeff{"accuracy": 0.5, "big": ' + "9" * 500 + "}")
    assert load_numbers(str(tmp_path / "m.json")) == {"accuracy": 0.5, "big": float("inf")}
