"""NaN and the infinities are values on the screen, and null with a text in JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from looking import dashboard, only_run, said, strict, write

JSONL = "".join(
    f'{{"step": {step}, "a_loss": {value}, "b_loss": {10 - step}}}\n'
    for step, value in enumerate(["0.5", "NaN", "Infinity", "-Infinity", "1e400", "-1e400"], 1)
)


@pytest.mark.parametrize(
    ("value", "word"), [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("1e400", "inf")]
)
async def test_a_last_value_that_is_no_number(root: Path, value: str, word: str) -> None:
    write(root / "a" / "metrics.jsonl", f'{{"step": 1, "loss": 0.5}}\n{{"step": 2, "loss": {value}}}\n')
    loss = only_run(root)["metrics"]["loss"]
    assert loss["last"] is None and loss["last_text"] == word
    assert (loss["min"], loss["max"], loss["best"], loss["count"], loss["nonfinite"]) == (0.5, 0.5, 0.5, 2, 1)
    if value in ("NaN", "1e400"):
        async with dashboard(root) as eyes:
            await eyes.until(lambda: f" {word} " in eyes.text, word)


def test_every_json_answer_is_json(root: Path) -> None:
    write(root / "a" / "metrics.jsonl", JSONL)
    write(root / "b" / "metrics.csv", "step,loss\n1,nan\n2,inf\n3,-inf\n4,1e999\n")
    write(root / "a" / "config.json", '{"lr": NaN, "x": [Infinity, {"y": -Infinity}]}')
    write(root / "baseline.json", '{"b_loss": NaN, "a_loss": 1}')
    run = strict(said("show", "a", "--root", str(root), "--json"))["run"]
    assert run["hparams"]["lr"] == "nan" and run["hparams"]["x"] == ["inf", {"y": "-inf"}]
    for arguments, codes in (
        (("ls", str(root)), (0,)),
        (("check", str(root)), (0, 1, 2)),
        (("compare", "a", "--root", str(root), "--baseline", "b"), (0, 1, 2, 3)),
        (("compare", "a", "--root", str(root), "--baseline", str(root / "baseline.json")), (0, 1, 2, 3)),
        (("brief", str(root), "--format", "json"), (0,)),
        (("tasks", "list", "--root", str(root)), (0,)),
        (("drift", str(root / "b" / "metrics.csv"), str(root / "b" / "metrics.csv")), (0, 1, 2, 3)),
        (("quality", str(root / "b" / "metrics.csv")), (0, 1, 2, 3)),
    ):
        _json_of(arguments if arguments[0] == "brief" else (*arguments, "--json"), codes)


def _json_of(arguments: tuple[str, ...], codes: tuple[int, ...]) -> None:
    import contextlib
    import io

    from runwatch.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    assert code in codes, (arguments, code, err.getvalue())
    if out.getvalue():
        strict(out.getvalue())
    else:
        assert code == 3, arguments


async def test_steps_that_are_no_steps(root: Path) -> None:
    rows = ['{"step": 1, "loss": 0.5}', '{"step": 1e30, "loss": 7}', '{"step": NaN, "loss": 8}']
    rows += ['{"step": "x", "loss": 9}', '{"step": true, "loss": 10}', '{"step": 2, "loss": true}']
    rows += [f'{{"step": {2**63}, "loss": 11}}', f'{{"step": {-(2**63) - 1}, "loss": 12}}']
    write(root / "a" / "metrics.jsonl", "\n".join(rows) + "\n")
    run = only_run(root)
    loss = run["metrics"]["loss"]
    assert abs(run["step"]) < 2**63 and loss["count"] <= len(rows)
    assert 7 not in (loss["last"], loss["max"]) or run["problems"]
    async with dashboard(root) as eyes:
        await eyes.sees("loss")


def test_times_that_are_no_times(root: Path) -> None:
    rows = [f'{{"step": {i}, "_timestamp": {t}, "loss": 0.5}}' for i, t in enumerate(("NaN", "1e300", "-5"))]
    write(root / "a" / "metrics.jsonl", "\n".join(rows) + "\n")
    run = only_run(root)
    assert run["metrics"]["loss"]["count"] == 3
    assert run["started"] is None or run["started"] < "2200"
