"""People's notes: kept, listed, exported, and shown where the run is spoken of."""

import json

import pytest

from runwatch.cli import main


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name in ("exp-1", "exp-2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    (tmp_path / "runs" / "todo.txt").write_text("")
    monkeypatch.chdir(tmp_path / "runs")
    monkeypatch.setenv("LOGNAME", "ana")
    return tmp_path / "runs"


def said(capsys, *words: str) -> str:
    assert main([*words]) == 0, words
    return capsys.readouterr().out


def noted(capsys, *words: str) -> list[tuple[str, str, str]]:
    rows = json.loads(said(capsys, "note", *words, "--json"))["notes"]
    return [(row["kind"], row["subject"], row["text"]) for row in rows]


def test_notes_on_runs_batches_and_baselines(root, capsys):
    assert "noted on exp-1" in said(capsys, "note", "exp-1", "rate too high, see #lr and #adam.")
    said(capsys, "note", "--batch", "orders/11.parquet", "the shop was closed")
    said(capsys, "note", "--baseline", "since the audit")
    assert [kind for kind, _, _ in noted(capsys)] == ["run", "batch", "baseline"]
    assert noted(capsys, "exp-1") == [("run", "exp-1", "rate too high, see #lr and #adam.")]
    assert noted(capsys, "exp-2") == [] and len(noted(capsys, "--tag", "#adam")) == 1
    assert noted(capsys, "--tag", "nothing") == [] and len(noted(capsys, "--since", "1h")) == 3
    (row,) = json.loads(said(capsys, "note", "exp-1", "--json"))["notes"]
    assert (row["by"], row["tags"], row["root"]) == ("ana", ["lr", "adam"], str(root))
    table = said(capsys, "note", "--format", "csv").splitlines()
    assert len(table) == 4 and table[2].endswith("batch orders/11.parquet,the shop was closed")
    assert "is gone" in said(capsys, "note", "--delete", str(row["id"])) and len(noted(capsys)) == 2
    assert main(["note", "--delete", "99"]) == 2


def test_where_the_run_is_spoken_of(root, capsys):
    said(capsys, "note", "exp-1", "rate *too* high")
    said(capsys, "note", "exp-2", "the good one")
    assert "note      exp-1" in said(capsys, "show", "exp-1")
    assert json.loads(said(capsys, "show", "exp-1", "--json"))["notes"][0]["text"] == "rate *too* high"
    main(["compare", "exp-1", "--baseline", "exp-2"])
    compared = capsys.readouterr().out
    assert "note on exp-1" in compared and "note on exp-2" in compared
    brief = said(capsys, "brief", ".", "--since", "7d")
    assert "exp-1: rate *too* high (ana)" in brief
    assert "rate \\*too\\* high" in said(capsys, "brief", ".", "--since", "7d", "--format", "markdown")
    assert "own words" in said(capsys, "brief", ".", "--since", "7d", "--format", "html")
    answer = json.loads(said(capsys, "brief", ".", "--since", "7d", "--json"))
    assert [(n["root"], n["subject"]) for n in answer["notes"]] == [
        (str(root), "exp-1"),
        (str(root), "exp-2"),
    ]
    assert "note" in said(capsys, "tasks", "history", "--root", ".")
    rows = json.loads(said(capsys, "sql", "select subject, by from notes", ".", "--json"))["rows"]
    assert rows[0] == {"subject": "exp-1", "by": "ana"}


def test_a_task_that_links_to_the_note(root, capsys):
    out = said(capsys, "note", "exp-1", "ask Ana", "--task")
    number = out.rpartition("[")[2].rstrip("]\n")
    assert (root / "todo.txt").read_text().strip().endswith(f"ask Ana +exp-1 note:{number}")


def test_no_run_no_note(root, capsys):
    assert main(["note", "gone", "x"]) == 2
    assert "no such run" in capsys.readouterr().err and noted(capsys) == []
