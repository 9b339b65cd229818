"""What is configured but broken is a finding, not a green light."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.monitor.once import load

BROKEN = {
    "reference": '[[data]]\nname = "d"\nreference = "gone.parquet"\ncurrent = "b/*.parquet"\n',
    "baseline": '[baseline]\nrun = "gone"\n',
    "predictions": '[[predictions]]\nname = "p"\nfiles = "p/*.csv"\nbaseline = "p/gone.csv"\n',
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_broken_part_of_the_configuration_is_a_warning(what: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.csv").write_text("step,val_loss\n1,0.5\n2,0.25\n")
    (tmp_path / "runwatch.toml").write_text(BROKEN[what])
    found = [f for f in load([str(tmp_path)]).snapshot.findings if f.rule == "source-unreadable"]
    assert found and all(f.severity == "warning" for f in found)
    assert main(["check", str(tmp_path)]) == 1
    assert "WARNING" in capsys.readouterr().out


def test_a_healthy_folder_is_green(tmp_path: Path, capsys) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.csv").write_text("step,val_loss\n1,0.5\n2,0.25\n")
    assert main(["check", str(tmp_path)]) == 0
