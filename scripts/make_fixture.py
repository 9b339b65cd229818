"""Make a tool's files anew, to look at or to replace a fixture: ``scripts/make_fixture.py NAME FOLDER``.

NAME is a maker in ``tests/fixtures/makers`` or below (one that is not there: all are listed). The packages
that its first lines name (``packages: a==1 b==2``) are installed into a throw-away environment, and the
maker is run there."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

MAKERS = Path(__file__).parent.parent / "tests" / "fixtures" / "makers"


def packages(maker: Path) -> list[str]:
    """What a maker needs, as its first lines say."""
    found = re.search(r"packages: ([^\n\"]+)", maker.read_text(encoding="utf-8"))
    return re.findall(r"[\w.\[\]-]+(?:[=<>!]=?[\w.]+)?", found[1].partition("(")[0]) if found else []


def main(name: str, folder: str) -> int:
    makers = {path.stem: path for path in MAKERS.rglob("*") if path.is_file() and packages(path)}
    maker = makers.get(name)
    if maker is None:
        print("makers:", ", ".join(sorted(makers)), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as work:
        environment = Path(work) / "venv"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        bin_ = environment / "bin"
        subprocess.run([bin_ / "pip", "install", "-q", *packages(maker)], check=True)
        command = ["bash", maker] if maker.suffix == ".sh" else [bin_ / "python", maker]
        path = f"{bin_}:/usr/bin:/bin"
        to = Path(folder).resolve()
        place = ["--out", to] if maker.stem.startswith("gen_") else [to]
        return subprocess.run([*command, *place], env={"PATH": path, "HOME": work}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
