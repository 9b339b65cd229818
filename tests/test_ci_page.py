"""The recipes of docs/ci.md run as they stand; where make, pre-commit or DVC is installed, under it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

PAGE = (Path(__file__).parent.parent / "docs" / "ci.md").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models of which one is worse in the south, and data with the program on the path."""
    dice = random.Random(3)
    rows = {"champion": ["id,y_true,y_score,region"], "challenger": ["id,y_true,y_score,region"]}
    for i in range(2000):
        truth, region = dice.randrange(2), dice.choice(("north", "south"))
        for who, lines in rows.items():
            noise = 1.1 if who == "challenger" and region == "south" else 0.35
            score = min(max(0.3 + 0.4 * truth + dice.gauss(0, noise), 0), 1)
            lines.append(f"{i},{truth},{score:.4f},{region}")
    for who, lines in rows.items():
        (tmp_path / f"{who}.csv").write_text("\n".join(lines) + "\n")
    for name, shift in (("reference", 0.0), ("new", 3.0)):
        lines = ["age,fare"] + [f"{dice.gauss(shift, 1):.4f},{dice.gauss(0, 1):.4f}" for _ in range(600)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def recipe(name: str) -> str:
    found = re.search(rf"```\w+\n# {re.escape(name)}\n(.*?)```", PAGE, re.S)
    assert found, name
    return found[1]


def ran(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, **more}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def test_make(folder: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    (folder / "Makefile").write_text(recipe("Makefile"))
    gate = ran(folder, "make", "-s", "gate")
    assert gate.returncode != 0 and "worse" in gate.stdout
    page = (folder / "reports/model.md").read_text()
    assert page.startswith("### ▼ worse: challenger.csv against champion.csv") and "region = south" in page
    model, data = (ET.parse(folder / f"reports/{name}.xml").getroot() for name in ("model", "data"))
    assert int(model[0].get("failures", 0)) >= 1
    failed = [case.get("name") for case in data.iter("testcase") if case.find("failure") is not None]
    assert "age" in failed and "fare" not in failed


def test_shell_step(folder: Path) -> None:
    (folder / "ci.sh").write_text(recipe("ci.sh"))
    summary = folder / "summary.md"
    step = ran(folder, "bash", "ci.sh", GITHUB_STEP_SUMMARY=str(summary))
    assert step.returncode == 2 and "::error title=" in step.stdout and step.stderr == ""
    assert "| metric |" in summary.read_text()


def test_pre_commit(folder: Path) -> None:
    if not (shutil.which("pre-commit") and shutil.which("git")):
        pytest.skip("pre-commit is not installed")
    for name in (".pre-commit-config.yaml", "runwatch.toml"):
        (folder / name).write_text(recipe(name))
    for words in (["init", "-q"], ["add", "."]):
        assert ran(folder, "git", *words).returncode == 0
    home = str(folder / "home")
    done = ran(folder, "pre-commit", "run", "--all-files", PRE_COMMIT_HOME=home)
    assert done.returncode == 0 and "Passed" in done.stdout, done.stdout + done.stderr
    (folder / "reference.csv").write_text("age,fare\n" + "".join(f"{n},\n" for n in range(600)))
    ran(folder, "git", "add", "reference.csv")
    done = ran(folder, "pre-commit", "run", PRE_COMMIT_HOME=home)
    assert done.returncode != 0 and "fare" in done.stdout, done.stdout + done.stderr


def test_dvc_stage(folder: Path) -> None:
    if not shutil.which("dvc"):
        pytest.skip("DVC is not installed")
    (folder / "dvc.yaml").write_text(recipe("dvc.yaml"))
    assert ran(folder, "dvc", "init", "--no-scm", "-q", DVC_NO_ANALYTICS="1").returncode == 0
    done = ran(folder, "dvc", "repro", "-q", DVC_NO_ANALYTICS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "compare.json").read_text())["verdict"] == "worse"
    assert "compare.json" in ran(folder, "dvc", "metrics", "show", DVC_NO_ANALYTICS="1").stdout


def test_both_by_hand(folder: Path) -> None:
    """Their commands alone, where they are not installed."""
    (hook,) = yaml.safe_load(recipe(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    stage = yaml.safe_load(recipe("dvc.yaml"))["stages"]["compare"]
    (folder / "runwatch.toml").write_text(recipe("runwatch.toml"))
    for command in (hook["entry"], stage["cmd"]):
        done = ran(folder, "sh", "-c", command)
        assert done.returncode == 0, done.stdout + done.stderr
