"""The published JSON Schemas are schemas, hold for what commands really answer, and refuse what they
should."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.demo.copying import copy
from runwatch.show.schemas import ANSWERS, schema_of

jsonschema = pytest.importorskip("jsonschema")
SAMPLES = Path(__file__).parents[2] / "sample_runs"
COMMANDS = {
    "ls": ["ls", "."],
    "show": ["show", "retrain-nightly", "--root", "."],
    "drift": ["drift", "data/reference.parquet", "data/nights/night-10.parquet", "--multivariate"],
    "quality": ["quality", "data/nights", "--reference", "data/reference.parquet"],
    "compare": [
        "compare",
        "predictions/challenger-small.parquet",
        "--baseline",
        "predictions/champion.parquet",
    ],
    "check": ["check", "."],
    "tasks": ["tasks", "add", "(A) call +p @c due:tomorrow", "--file", "todo.txt"],
    "brief": ["brief", ".", "--since", "7d"],
    "status": ["status"],
}
WRONG = {
    "drift": ["drift", "none.csv", "none.csv"],
    "quality": ["quality", "none.csv"],
    "compare": ["compare", "none.csv", "--baseline", "none2.csv"],
    "check": ["check", "none"],
}


def validator(name: str):
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_as_its_schema_says(name, tmp_path, monkeypatch, capsys):
    copy(SAMPLES, tmp_path / "clinic", time.time())
    monkeypatch.chdir(tmp_path / "clinic")
    main([*COMMANDS[name], "--json"])
    answer = json.loads(capsys.readouterr().out)
    validator(name).validate(answer)
    for broken in ({**answer, "schema": 2}, {k: v for k, v in answer.items() if k != "schema"}):
        assert not validator(name).is_valid(broken)


@pytest.mark.parametrize("name", WRONG)
def test_what_could_not_be_judged_is_one_object_too(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*WRONG[name], "--format", "json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    validator(name).validate(answer)
    assert answer.get("worst", answer.get("verdict")) == "unknown"


def test_the_command_prints_them(capsys):
    assert main(["schema", "check"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of("check")
