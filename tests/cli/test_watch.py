"""``runwatch watch``, and what ``doctor`` says before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runwatch.cli import main


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.csv").write_text("step,loss\n1,0.5\n")
    return tmp_path


def test_it_says_that_alerts_do_not_get_through_even_when_quiet(root: Path) -> None:
    (root / "runwatch.toml").write_text('[alerts]\nwebhook = "https://example.org/${UNSET_TOKEN}"\n')
    assert main(["trust", str(root)]) == 0
    command = [sys.executable, "-m", "runwatch", "watch", "--quiet", str(root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        late = threading.Timer(60.0, watch.kill)
        late.start()
        said = watch.stderr.readline()
        late.cancel()
        watch.terminate()
    assert f"problem: {root / 'runwatch.toml'}: [alerts] webhook: ${{UNSET_TOKEN}} is not set" in said
    assert watch.returncode == 0


@pytest.mark.parametrize(
    ("alerts", "state", "words"),
    [
        ('webhook = "ftp://example.org/s3cret"', "bad", "must be an http or https URL"),
        ('webhook = "https://example.org/${UNSET_TOKEN}"', "bad", "${UNSET_TOKEN} is not set"),
        ('webhook = "https://example.org/s3cret"', "good", "critical findings are sent"),
    ],
)
def test_doctor_says_whether_alerts_can_be_sent(root: Path, capsys, alerts: str, state: str, words: str):
    (root / "runwatch.toml").write_text(f"[alerts]\n{alerts}\n")
    assert main(["trust", str(root)]) == 0 and "s3cret" not in capsys.readouterr().out
    main(["doctor", str(root), "--json"])
    out = capsys.readouterr().out
    found = [check for check in json.loads(out)["checks"] if check["name"] == "alerts"]
    assert [(check["state"], words in check["found"]) for check in found] == [(state, True)]
    assert "s3cret" not in out
