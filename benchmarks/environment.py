"""The programs that we are measured beside: ``python -m benchmarks.environment`` installs them.

In two environments, since Evidently does not import beside pandas 3, below the system's temporary directory;
they are made once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.places import DATA

PACKAGES = {
    "screens": ("terminalboard==0.5.3", "wandb==0.31.0", "epokio==0.9.5", "tensorboard==2.21.0"),
    "tables": ("evidently==0.7.23", "nannyml==0.13.1", "pandas<3", "polars==2.1.0", "pyarrow"),
}


def folder(name: str) -> Path:
    return DATA / f"peers-{name}"


def program(name: str) -> str | None:
    """Where a peer's program is: in our environment, else on the path; None: nowhere."""
    ours = folder("screens") / "bin" / name
    return str(ours) if ours.exists() else shutil.which(name)


def python(name: str) -> str | None:
    """The interpreter of an environment; None: it was not made."""
    ours = folder(name) / "bin/python"
    return str(ours) if ours.exists() else None


def install() -> None:
    """Make what is not there. Raises CalledProcessError where the package index cannot be reached."""
    for name, packages in PACKAGES.items():
        if python(name):
            continue
        unfinished = folder(f"{name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        venv.create(unfinished, with_pip=True)
        pip = [str(unfinished / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        unfinished.rename(folder(name))
        for script in (folder(name) / "bin").iterdir():
            _mend(script, unfinished, folder(name))
        print(f"{folder(name)}: {', '.join(packages)}", file=sys.stderr)


def _mend(script: Path, before: Path, now: Path) -> None:
    """A script of an environment names its interpreter by its whole path."""
    if script.is_symlink() or not script.is_file():
        return
    data = script.read_bytes()
    if data.startswith(b"#!"):
        script.write_bytes(data.replace(bytes(before), bytes(now)))


if __name__ == "__main__":
    install()
