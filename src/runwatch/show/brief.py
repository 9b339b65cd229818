"""What happened since a moment, for a person with one minute. From facts (``store.kept``) and the history."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from runwatch.domain.borders import JsonMapping
from runwatch.domain.task import TaskEvent
from runwatch.show.ci import markdown_text
from runwatch.show.findings import counted, finding_json, in_order
from runwatch.show.history import finding_histories, week_lines
from runwatch.text import units
from runwatch.text.durations import seconds
from runwatch.text.fitting import fit_words
from runwatch.text.jsonable import SCHEMA, fields, hparams
from runwatch.text.safe import safe
from runwatch.text.units import DAY, duration, iso, moment, percent, plural

if TYPE_CHECKING:
    from runwatch.show.history import FindingHistory

MOST_LINES = 12
_WIDTH = 110
_NAMES = 4
_NOTES = 3
_NAME_WIDTH = 34
_SUMMARY_WIDTH = 70

Facts = JsonMapping
History = Sequence[tuple[str, TaskEvent]]


class BriefLine(msgspec.Struct, frozen=True):
    """One line: what it is about, and the words."""

    label: str
    words: str


class Brief(msgspec.Struct, frozen=True):
    """What happened since somebody looked."""

    since: float
    """Seconds since the epoch, as ``until``."""
    until: float
    span: str
    """Since when, in words."""
    headline: str
    runs: Mapping[str, Sequence[Facts]]
    """Kept runs by what they did."""
    findings: Sequence[Facts]
    """Kept ones, worst first."""
    tasks: Facts
    new: Sequence[Facts]
    """Tasks that were opened."""
    closed: Sequence[Facts]
    """Tasks that were closed."""
    lines: Sequence[BriefLine]
    old: str = ""
    """How old the facts are, in words; "" when they are fresh."""
    notes: Sequence[Facts] = ()
    """People's own words (``show.remarks.facts_of``)."""
    first: bool = False
    """Nobody had looked before: it tells of the last day."""

    @property
    def aged(self) -> str:
        """How old the facts are, where that is to be said."""
        return f" ({self.old})" if self.old else ""


def since_moment(words: str, now: float) -> float:
    """The moment that ``--since`` means: 7d, 36h, yesterday, today, 18:04, a date or an ISO time; none that
    is ahead of ``now``. Raises ``ValueError``."""
    try:
        at = _since(words.strip(), datetime.fromtimestamp(now)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{words!r} is not a time; give 7d, yesterday, 18:04 or 2026-11-25T09:00") from None
    if at > now:
        raise ValueError(f"{words!r} is in the future; give 7d, yesterday, 18:04 or 2026-11-25T09:00")
    return at


def _since(words: str, now: datetime) -> datetime:
    word = words.lower()
    if word[-1:].isalpha() and (span := seconds(word)) is not None:
        return datetime.fromtimestamp(now.timestamp() - span)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    if re.fullmatch(r"\d{1,2}:\d{2}", word):
        clock = datetime.strptime(word, "%H:%M")
        when = today.replace(hour=clock.hour, minute=clock.minute)
        return when - timedelta(days=when > now)
    return datetime.fromisoformat(words)


def compose(
    facts: Facts,
    history: History,
    now: float,
    since: float | None = None,
    fresh_for: float | None = None,
    silent: Sequence[str] = (),
    notes: Sequence[Facts] = (),
) -> Brief:
    """The brief of facts. ``since`` None: since the person last looked, else the last day. ``fresh_for``:
    facts older than that many seconds are said to be old; ``silent``: words about roots that do not
    answer."""
    last_seen = facts["looked"]
    start = since if since is not None else last_seen if last_seen is not None else now - DAY
    age = now - facts["now"]
    runs = _sorted_runs(facts["runs"], start)
    findings = in_order(facts["findings"])
    histories = finding_histories(history)
    new = [_history_facts(s) for s in histories if s.opened is not None and s.opened >= start]
    closed = [_history_facts(s) for s in histories if s.closed is not None and s.closed >= start]
    brief = Brief(
        since=start,
        until=now,
        span=_span(start, now, since is None and last_seen is not None),
        headline=_headline(runs, findings, start),
        runs=runs,
        findings=findings,
        tasks=facts["tasks"],
        new=new,
        closed=closed,
        lines=(),
        notes=notes,
        first=since is None and last_seen is None,
        old=f"as of {units.since(facts['now'], now)}" if fresh_for is not None and age > fresh_for else "",
    )
    return _with_lines(brief, facts, history, silent)


def text(brief: Brief) -> list[str]:
    """At most 12 lines for a terminal."""
    head = f"runwatch, {brief.span}{brief.aged}: {brief.headline}"
    body = [f"  {line.label:<10} {line.words}" for line in brief.lines]
    return [safe(line, _WIDTH) for line in (head, *body)][:MOST_LINES]


def markdown(brief: Brief) -> str:
    """The same as Markdown; every name is escaped."""
    head = [f"## {markdown_text(brief.headline)}", "", f"*{markdown_text(brief.span)}{brief.aged}*", ""]
    body = [f"- **{markdown_text(line.label)}**: {markdown_text(line.words)}" for line in brief.lines]
    lines = [_finding_line(finding) for finding in brief.findings[:20]]
    noted = [f"- {markdown_text(str(note['short']))}" for note in brief.notes]
    parts = [*head, *body]
    for title, rows in (("Findings", lines), ("Notes", noted)):
        parts += ["", f"### {title}", "", *rows] if rows else []
    return "\n".join(parts) + "\n"


def nothing_json(reason: str, now: float) -> dict[str, object]:
    """``brief --json`` when nothing is known."""
    runs = {name: [] for name in ("finished", "crashed", "running", "stalled", "new")}  # type: dict[str, list[str]]
    return {
        "schema": SCHEMA,
        "since": None,
        "until": iso(now),
        "headline": "nothing is known",
        "runs": runs,
        "findings": [],
        "tasks": {"open": 0, "new": [], "resolved": []},
        "old": None,
        "error": hparams(reason),
    }


def _finding_line(finding: Facts) -> str:
    summary, subject, advice = (markdown_text(finding[key]) for key in ("summary", "subject", "advice"))
    return f"- {finding['severity']}: {summary} ({subject}). {advice}"


def as_json(brief: Brief) -> dict[str, object]:
    """``brief --format json``."""
    details = [run for group in ("running", "finished", "crashed", "stalled") for run in brief.runs[group]]
    return {
        "schema": SCHEMA,
        "since": iso(brief.since),
        "until": iso(brief.until),
        "headline": hparams(brief.headline),
        "runs": {name: [run["id"] for run in runs] for name, runs in brief.runs.items()},
        "run_details": [
            {**run, "started": iso(run["started"]), "updated": iso(run["updated"])} for run in details
        ],
        "findings": [finding_json(finding, brief.until) for finding in brief.findings],
        "tasks": {
            "open": brief.tasks["open"],
            "overdue": brief.tasks["overdue"],
            "snoozed": brief.tasks["snoozed"],
            "new": list(brief.new),
            "resolved": list(brief.closed),
        },
        "notes": [{name: value for name, value in note.items() if name != "short"} for note in brief.notes],
        "lines": [{"label": line.label, "text": hparams(line.words)} for line in brief.lines],
        "old": brief.old or None,
    }


def worth_showing(brief: Brief) -> bool:
    """Whether something happened: a run ended or began, a task opened or closed, a finding is new."""
    moved = any(brief.runs[name] for name in ("finished", "crashed", "stalled", "new"))
    return moved or bool(brief.new or brief.closed) or bool(_fresh(brief.findings, brief.since))


def _sorted_runs(runs: Iterable[Facts], since: float) -> dict[str, list[Facts]]:
    groups: dict[str, list[Facts]] = {n: [] for n in ("finished", "crashed", "running", "stalled", "new")}
    for run in runs:
        status, updated, started = run["status"], run["updated"] or 0.0, run["started"] or 0.0
        if status == "running" or (status in groups and updated >= since):
            groups[status].append(run)
        if started >= since:
            groups["new"].append(run)
    return groups


def _headline(runs: Mapping[str, Sequence[Facts]], findings: Sequence[Facts], since: float) -> str:
    parts = [
        f"{plural(len(runs[name]), 'run')} {name}"
        for name in ("crashed", "stalled", "finished")
        if runs[name]
    ]
    others = [f for f in findings if f["severity"] != "info" and f.get("topic") != "end"]
    if others:
        parts.append(counted(others))
    if runs["running"]:
        parts.append(f"{len(runs['running'])} running")
    if not any(runs[name] for name in ("crashed", "stalled", "finished", "new")) and not others:
        return ", ".join(["nothing new", *parts])
    return ", ".join(parts) or "nothing new"


def _with_lines(brief: Brief, facts: Facts, history: History, silent: Sequence[str]) -> Brief:
    findings = [f for f in brief.findings if f["severity"] != "info" and f.get("topic") != "end"]
    regressed = [f for f in findings if f.get("topic") == "regression"]
    drifted = [f for f in findings if f.get("topic") == "drift"]
    rest = [f for f in findings if f not in regressed and f not in drifted]
    names = {(run["root"], run["id"]): _called(run) for run in facts["runs"]}
    pairs = [
        ("waiting", "; ".join(silent)),
        ("crashed", _runs(brief.runs["crashed"], _reason)),
        ("stalled", _runs(brief.runs["stalled"], _reason)),
        ("finished", _runs(brief.runs["finished"], lambda run: "")),
        ("regressed", _summaries(regressed, names)),
        ("drifted", _summaries(drifted, names)),
        ("attention", _summaries(rest, names)),
        ("notes", "; ".join(str(note["short"]) for note in brief.notes[-_NOTES:])),
        ("running", _runs(brief.runs["running"], _progress)),
        ("tasks", _tasks(brief)),
        ("disk", _disks(facts["disks"])),
        ("week", " ".join(week_lines(history, brief.since)) if brief.until - brief.since > 3 * DAY else ""),
        ("unread", plural(facts["problems"], "place") + " could not be read" if facts["problems"] else ""),
    ]
    lines = [BriefLine(label, words) for label, words in pairs if words]
    return replace(brief, lines=lines)


def _runs(runs: Sequence[Facts], note: Callable[[Facts], str]) -> str:
    """Runs by name; those with the same to say of them together."""
    groups: dict[str, list[str]] = {}
    for run in runs:
        groups.setdefault(note(run), []).append(_on(run) + _short(_called(run)))
    parts: list[str] = []
    listed = 0
    for message, names in groups.items():
        room = _NAMES - (len(parts) if message else listed)
        if room <= 0:
            break
        shown = names[:room]
        listed += len(names) if message else len(shown)
        more = f" and {len(names) - len(shown)} more" if message and len(names) > len(shown) else ""
        parts.append(", ".join(shown) + more + (f" ({message})" if message else ""))
    return ", ".join(parts) + (f" and {len(runs) - listed} more" if len(runs) > listed else "")


def _called(run: Facts) -> str:
    """What people call a run; an earlier version kept no names."""
    return str(run.get("name") or run["id"])


def _short(name: str) -> str:
    """A long run id by its beginning and its end."""
    shown = safe(name)
    return shown if len(shown) <= _NAME_WIDTH else f"{shown[:12]}…{shown[13 - _NAME_WIDTH :]}"


def _reason(run: Facts) -> str:
    return safe(run["reason"], 40)


def _progress(run: Facts) -> str:
    parts = [percent(run["fraction"])] if run["fraction"] is not None else []
    if run["eta"] and run["eta"][0] is not None:
        parts.append(f"ends in {duration(run['eta'][0])}")
    elif run["step"] is not None:
        parts.append(f"step {run['step']:,}")
    return ", ".join(parts)


def _summaries(findings: Sequence[Facts], names: Mapping[tuple[str, str], str]) -> str:
    """The first two causes; findings that say the same of several runs are one."""
    causes: dict[str, list[Facts]] = {}
    for finding in findings:
        summary = str(finding["summary"])
        cause = summary.replace(finding["run"], "") if finding["run"] else summary
        causes.setdefault(f"{finding['rule']} {cause}", []).append(finding)
    shown = [
        fit_words(safe(_finding_text(same[0], names)), _SUMMARY_WIDTH)
        + (f" (and {plural(len(same) - 1, 'more run')})" if len(same) > 1 else "")
        for same in list(causes.values())[:2]
    ]
    return "; ".join(shown) + (f"; and {len(causes) - 2} more" if len(causes) > 2 else "")


def _finding_text(finding: Facts, names: Mapping[tuple[str, str], str]) -> str:
    """A finding's summary, with the run's name before it when it is not in it."""
    run, summary = finding["run"], str(finding["summary"])
    if run is None:
        return _on(finding) + summary
    called = names.get((finding["root"], run), run)
    is_named = called in summary or summary.startswith(f"{called.rpartition('/')[2]} ")
    return _on(finding) + (summary if is_named else f"{_short(called)}: {summary}")


def _on(fact: Facts) -> str:
    """The other machine that something is on, "" for this one."""
    host = fact.get("host")
    return f"{safe(host, 20)}:" if host else ""


def _tasks(brief: Brief) -> str:
    tasks = brief.tasks
    parts = [f"{tasks['open']} open" if tasks["open"] else "nothing pending"]
    if tasks["critical"]:
        parts.append(f"{tasks['critical']} critical")
    if tasks["overdue"]:
        parts.append(f"{tasks['overdue']} overdue")
    if tasks["due_today"]:
        parts.append(f"{tasks['due_today']} due today")
    if brief.closed:
        parts.append(f"{len(brief.closed)} closed since")
    waiting = tasks["beyond"] + tasks["older"]
    if waiting:
        parts.append(f"{plural(waiting, 'more finding')} without a task")
    return ", ".join(parts)


def _disks(disks: Sequence[Facts]) -> str:
    tight = [d for d in disks if d["percent"] >= 85 or (d["full_in"] is not None and d["full_in"] < 2 * DAY)]
    return ", ".join(
        f"{d['mount']} {d['percent']:.0f}% full"
        + (f", full in {duration(d['full_in'])}" if d["full_in"] is not None else "")
        for d in tight[:3]
    )


def _span(since: float, now: float, by_person: bool) -> str:
    when = moment(since, now)
    return f"since you last looked, {when}" if by_person else f"since {when}"


def _history_facts(history: FindingHistory) -> Facts:
    return {
        "id": hparams(history.fingerprint),
        "text": hparams(history.text),
        "opened": iso(history.opened),
        "closed": iso(history.closed),
        **fields(history, "outcome by"),
        "took_s": history.took,
    }


def _fresh(findings: Iterable[Facts], since: float) -> list[Facts]:
    return [f for f in findings if (f["first_seen"] or f["since"] or 0.0) >= since]
