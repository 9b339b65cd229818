"""What a configuration gets wrong is said by ``check``, never passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runwatch.cli import main


def run_in(root: Path) -> None:
    (root / "exp-1").mkdir(parents=True)
    (root / "exp-1" / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")


def rule(root: Path, held: str) -> None:
    run_in(root)
    (root / "runwatch.toml").write_text(f'[[rules]]\nname = "high"\nwhen = "loss > 9 for {held}"\n')


def test_rules_of_one_name_in_two_roots_must_hold_equally_long(tmp_path, capsys):
    one, two = tmp_path / "one", tmp_path / "two"
    rule(one, "5m")
    rule(two, "10m")
    assert main(["check", str(one), str(two)]) == 3
    err = capsys.readouterr().err
    assert "'high'" in err and "'for'" in err and "rename" in err
    (two / "runwatch.toml").write_text((one / "runwatch.toml").read_text())
    assert main(["check", str(one), str(two)]) == 0


@pytest.mark.parametrize(
    "text",
    ["", "not: [closed", "columns: 3\n", '{"columns": {"age": {"checks": 7}}}'],
    ids=["empty", "torn", "odd", "json"],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_schema_that_cannot_be_used_is_said(tmp_path, capsys, text, there):
    """A data set whose hard rules cannot be read is not "ok"."""
    run_in(tmp_path)
    for name in ("ref", "new"):
        (tmp_path / f"{name}.csv").write_text("age\n" + "".join(f"{n % 50}\n" for n in range(300)))
    schema = tmp_path / "schema.yaml"
    if there:
        schema.write_text(text)
    config = tmp_path / "own.toml"
    config.write_text(
        '[[data]]\nname = "d"\nreference = "ref.csv"\ncurrent = "new.csv"\nschema = "schema.yaml"\n'
    )
    code = main(["check", str(tmp_path), "--config", str(config), "--json"])
    answer = json.loads(capsys.readouterr().out)
    said = json.dumps([answer.get("error", ""), answer["problems"], answer["findings"]])
    assert "schema.yaml" in said, (code, answer)
