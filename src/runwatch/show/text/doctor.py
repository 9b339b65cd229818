"""The doctor's answers."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.monitor.diagnostics import Diagnostic
from runwatch.show.tabular import table
from runwatch.text.jsonable import SCHEMA, fields
from runwatch.text.safe import safe

_SIGNS = {"good": "✓", "note": "i", "weak": "!", "bad": "✗"}


def doctor_json(checks: Sequence[Diagnostic]) -> dict[str, object]:
    rows = [fields(check, "name state found advice") for check in checks]
    return {"schema": SCHEMA, "fit": all(check.state != "bad" for check in checks), "checks": rows}


def doctor_text(checks: Sequence[Diagnostic]) -> str:
    """A row a check; what to do stands below those that are not good."""
    rows = [[f"{_SIGNS[c.state]} {c.name}", safe(c.found)] for c in checks]
    lines = table(rows).splitlines()
    out = []
    for line, check in zip(lines, checks, strict=True):
        out.append(line)
        if check.advice:
            out.append(f"    {safe(check.advice)}")
    return "\n".join(out)
