"""What a build server reads: a pull-request comment, JUnit's XML, GitHub's annotations.

JUnit: https://github.com/testmoapp/junitxml; annotations:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Literal

import msgspec

from runwatch.domain.finding import SEVERITIES, rank
from runwatch.show.tabular import render
from runwatch.text.safe import safe

Level = Literal["ok", "info", "warning", "critical", "unknown"]
_LEAST: dict[str, tuple[str, ...]] = {least: SEVERITIES[rank(least) :] for least in SEVERITIES}
_COMMANDS = {"critical": "error", "warning": "warning", "info": "notice", "unknown": "notice"}
_MOST_ANNOTATIONS = 50


class CiCase(msgspec.Struct, frozen=True):
    """One thing that was judged."""

    name: str
    level: Level
    message: str
    detail: str = ""
    group: str = ""
    """What ``name`` is a name within."""
    file: str = ""
    """The file it is about, if it is one."""


class CiTable(msgspec.Struct, frozen=True):
    """A table under a caption ("" for none)."""

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


class CiReport(msgspec.Struct, frozen=True):
    """An answer."""

    title: str
    """The command."""
    level: Level
    """The verdict in a word."""
    verdict: str
    """In a line."""
    reason: str = ""
    cases: Sequence[CiCase] = ()
    tables: Sequence[CiTable] = ()
    """These, ``notes`` and ``legend`` Markdown shows beside it."""
    notes: Sequence[str] = ()
    legend: str = ""


def render_ci(reports: Sequence[CiReport], form: str, fail_on: str) -> str:
    """Reports as ``markdown``, ``junit`` or ``github``. ``fail_on``: the least level that is a failure,
    "never" for none."""
    if form == "markdown":
        return "\n\n".join(map(_markdown, reports))
    if form == "github":
        return "\n".join(_github(report, fail_on) for report in reports)
    suites = [line for report in reports for line in _junit(report, fail_on)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"])


def exit_code(level: Level, fail_on: str) -> int:
    """0 where ``level`` is no failure, 1, 2 for what is critical, 3 where nothing is known. ``fail_on``: the
    least level that is a failure, "never" for none."""
    if level == "unknown":
        return 3
    return (2 if level == "critical" else 1) if level in _LEAST.get(fail_on, ()) else 0


def markdown_text(words: str) -> str:
    """Text that Markdown, and the HTML in it, takes literally."""
    shown = safe(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"^(\d+)(?=[.)])", r"\1\\", re.sub(r"[\\`*_\[\]|~$]", r"\\\g<0>", shown))
    return re.sub(r"^(?=[#+=-])", r"\\", shown)


def _markdown(report: CiReport) -> str:
    parts = [f"### {markdown_text(report.verdict)}"]
    if report.reason:
        parts.append(markdown_text(report.reason))
    for table in report.tables:
        if table.caption:
            parts.append(f"**{markdown_text(table.caption)}**")
        parts.append(render(table.headers, table.rows, "markdown"))
    if report.notes:
        parts.append("\n".join(f"- {markdown_text(note)}" for note in report.notes))
    if report.legend:
        parts.append(f"<sub>{markdown_text(report.legend)}</sub>")
    return "\n\n".join(parts)


def _junit(report: CiReport, fail_on: str) -> list[str]:
    cases = list(report.cases)
    if report.level == "unknown" or not cases:
        cases.insert(0, CiCase("result", report.level, report.verdict, report.reason))
    failed = sum(_fails(case, fail_on) for case in cases)
    errors = int(report.level == "unknown")
    skipped = sum(case.level == "unknown" for case in cases) - errors
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{errors}" skipped="{skipped}"'
    lines = [f"  <testsuite name={_quoted(f'runwatch {report.title}')} {counts}>"]
    for number, case in enumerate(cases):
        lines += _testcase(case, report, fail_on, number == 0 and bool(errors))
    return [*lines, "  </testsuite>"]


def _testcase(case: CiCase, report: CiReport, fail_on: str, error: bool) -> list[str]:
    group = _quoted(safe(".".join(filter(None, ("runwatch", report.title, case.group)))))
    opening = f"    <testcase classname={group} name={_quoted(safe(case.name))}"
    message, detail = _quoted(safe(case.message)), escape(safe(case.detail or case.message))
    if error:
        return [f"{opening}>", f"      <error message={message}>{detail}</error>", "    </testcase>"]
    if _fails(case, fail_on):
        failure = f'      <failure message={message} type="{case.level}">{detail}</failure>'
        return [f"{opening}>", failure, "    </testcase>"]
    if case.level == "unknown":
        return [f"{opening}>", f"      <skipped message={message}/>", "    </testcase>"]
    if case.level == "ok":
        return [f"{opening}/>"]
    return [f"{opening}>", f"      <system-out>{detail}</system-out>", "    </testcase>"]


def _github(report: CiReport, fail_on: str) -> str:
    cases = [case for case in report.cases if case.level != "ok"]
    lines = [
        _command(report.level if report.level != "ok" else "info", f"runwatch {report.title}", report.verdict)
    ]
    for case in cases[:_MOST_ANNOTATIONS]:
        level = case.level if case.level != "critical" or _fails(case, fail_on) else "warning"
        lines.append(
            _command(level, f"{case.group} {case.name}".strip(), case.detail or case.message, case.file)
        )
    if len(cases) > _MOST_ANNOTATIONS:
        lines.append(f"and {len(cases) - _MOST_ANNOTATIONS} more")
    return "\n".join(lines)


def _command(level: str, title: str, message: str, file: str = "") -> str:
    fields = [f"file={_property(file)}"] if file else []
    fields.append(f"title={_property(title)}")
    return f"::{_COMMANDS[level]} {','.join(fields)}::{_data(message)}"


def _quoted(words: str) -> str:
    """An attribute's value; it has no line breaks, ``safe`` has shown them."""
    return f'"{escape(words)}"'


def _data(words: str) -> str:
    return safe(words).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")


def _fails(case: CiCase, fail_on: str) -> bool:
    return case.level in _LEAST.get(fail_on, ())
