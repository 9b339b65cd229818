"""The built wheel holds all that it needs: in a bare environment it starts outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment with the wheel and this environment's packages beside it (nothing is fetched)."""
    place = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (Path(site) / "beside.pth").write_text(_packages() + "\n")
    return python


def _packages() -> str:
    import textual

    return str(Path(textual.__file__).parent.parent)


def _run(python: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if not p.endswith('/src')]; "
        "from runwatch.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    env = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run([str(python), "-c", code, *args], capture_output=True, text=True, cwd=cwd, env=env)


def test_themes_styles_and_samples_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert any(name.startswith("runwatch/themes/") and name.endswith(".toml") for name in names)
    assert any(name.endswith(".tcss") for name in names)
    assert "runwatch/sample_runs/runwatch.toml" in names
    assert "runwatch/py.typed" in names


def test_it_starts_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    place = _run(installed, "--version", cwd=tmp_path)
    assert place.returncode == 0 and place.stdout.startswith("runwatch ")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.25\n")
    listed = _run(installed, "ls", str(tmp_path), "--json", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert '"id": "a"' in listed.stdout


def test_the_module_that_ran_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if not p.endswith('/src')]; "
        "import runwatch.shipped as s; print(s.__file__); print(s.shipped('themes').is_dir())"
    )
    command = [str(installed), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    out = done.stdout.split()
    assert str(installed.parent.parent) in out[0] and out[1] == "True"


def test_without_a_terminal_the_dashboard_says_so(installed: Path, tmp_path: Path) -> None:
    answer = _run(installed, str(tmp_path), cwd=tmp_path)
    assert answer.returncode == 2 and "runwatch" in answer.stderr
