"""A finding as a todo.txt line: what comes from files is defused, the format reads nothing into it."""

from __future__ import annotations

import re
from datetime import date

from runwatch.domain.finding import Finding
from runwatch.tasks.todotxt import Head, join
from runwatch.text.safe import safe

PRIORITIES = {"critical": "A", "warning": "B", "info": "C"}
_TEXT_WIDTH = 120


def finding_line(finding: Finding, today: date, count: int = 1, host: str = "") -> str:
    """The line that a finding opens; ``count`` above 1 says how often it has been opened; ``host``: the
    machine that opens it, where several write to the file."""
    parts = [defused(finding.title or finding.summary)]
    if project := _name(finding.project):
        parts.append("+" + project)
    parts += [f"@{finding.context}", f"rw:{finding.fingerprint}", "by:runwatch"]
    if host:
        parts.append(f"host:{_name(host)}")
    if count > 1:
        parts.append(f"n:{count}")
    return join(Head(False, PRIORITIES[finding.severity], None, today), " ".join(parts))


def defused(text: str) -> str:
    """Text on one line of at most 120 characters in which todo.txt sees no mark, priority, date, project,
    context or tag."""
    words = safe(" ".join(text.split())).split()
    words = [re.sub(r"(?<=\S):(?=\S)", " ", word).lstrip("+@") for word in words]
    plain = " ".join(word for word in words if word)
    plain = re.sub(r"^x(?= )", "X", plain)
    plain = re.sub(r"^\(([A-Z])\)(?= )", r"\1", plain)
    plain = re.sub(r"^(\d{4})-(\d{2})-(\d{2})(?= |$)", r"\1/\2/\3", plain)
    return safe(plain, _TEXT_WIDTH).strip() or "finding"


def _name(project: str) -> str:
    name = re.sub(r"[\s:]+", "-", safe(project).strip())
    return "" if name in ("", ".") else safe(name.lstrip("+@"), 60)
