"""``runwatch drift`` as a function."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from runwatch.cli import main

MOVED = ("warning", "drifted")


def drift(reference: Path | str, *current: Path | str) -> tuple[int, dict[str, Any], str]:
    """(exit code, the report with its columns by name, what was said on stderr)."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["drift", str(reference), *map(str, current), "--json"])
    report = json.loads(out.getvalue() or '{"columns": []}')
    report["columns"] = {column["name"]: column for column in report.get("columns", [])}
    return code, report, err.getvalue()


def verdict(reference: Path, current: Path, column: str) -> str:
    code, report, said = drift(reference, current)
    assert code < 3, said
    return str(report["columns"][column]["verdict"])
