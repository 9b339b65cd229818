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
    text = recipe(".pre-commit-config.yaml")
    (hook,) = yaml.safe_load(text)["repos"][0]["hooks"]
    if shutil.which("pre-commit") and shutil.which("git"):
        (folder / ".pre-commit-config.yaml").write_text(text)
        for words in (["init", "-q"], ["add", "reference.csv", ".pre-commit-config.yaml"]):
            assert ran(folder, "git", *words).returncode == 0
        done = ran(folder, "pre-commit", "run", "--all-files")
    else:
        done = ran(folder, "sh", "-c", hook["entry"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_dvc_stage(folder: Path) -> None:
    text = recipe("dvc.yaml")
    if shutil.which("dvc"):
        (folder / "dvc.yaml").write_text(text)
        assert ran(folder, "dvc", "init", "--no-scm", "-q").returncode == 0
        done = ran(folder, "dvc", "repro", "-q")
    else:
        done = ran(folder, "sh", "-c", yaml.safe_load(text)["stages"]["compare"]["cmd"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "compare.json").read_text())["verdict"] == "worse"
