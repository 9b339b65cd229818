"""The brief as one HTML file with no outside assets, for people who are not engineers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet
from runwatch.domain.points import Points
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Situation, Snapshot
from runwatch.show.brief import Brief
from runwatch.show.costs import cost_words
from runwatch.show.findings import Facts
from runwatch.show.html.svg import SvgCurve, curves, escaped, grid
from runwatch.show.screen.curves import spelt
from runwatch.show.screen.runs import is_baseline
from runwatch.store.snapshot_facts import run_facts
from runwatch.text.units import duration, moment, number, percent, plural, several, signed

_MOST_RUNS, _MOST_CURVES, _MOST_BASELINE, _MOST_COLUMNS, _MOST_BATCHES = 30, 8, 10, 25, 40
_MOST_PARTS = 5
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_VERDICTS = {
    "better": "better: the difference is larger than chance explains",
    "equivalent": "as good as before, within the tolerance",
    "worse": "worse: the difference is larger than chance explains",
    "inconclusive": "cannot tell yet: too little data for a sure answer",
    "unknown": "not compared",
}
_DRIFT = {
    "stable": "as expected",
    "warning": "has moved a little",
    "drifted": "has changed: predictions on it may be off",
    "unknown": "cannot tell",
}
_STATUS = {
    "running": "is running",
    "finished": "finished",
    "crashed": "failed",
    "stalled": "is not moving",
    "unknown": "is silent",
}
_TONES = {
    "critical": "bad", "worse": "bad", "drifted": "bad",
    "warning": "warn", "better": "good", "stable": "good",
}  # fmt: skip
_SEVERITY = {"critical": "needs action now", "warning": "should be looked at", "info": "for information"}
_STYLE = """
:root{color-scheme:light dark;--fg:#1f2430;--bg:#fff;--line:#d7dbe0;--muted:#5c6470;--bad:#b3261e;
--warn:#8a5a00;--good:#1b6e3c;--a:#1f5fa8;--b:#6b6f78}
@media(prefers-color-scheme:dark){:root{--fg:#e4e7ec;--bg:#14171c;--line:#343a43;--muted:#9aa3af;
--bad:#ff8a80;--warn:#ffc24d;--good:#7bd89a;--a:#7fb4f5;--b:#9aa3af}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:62rem;margin:2rem auto;
padding:0 1rem}h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.35rem .6rem;
text-align:left;vertical-align:top;overflow-wrap:break-word}
td:nth-child(-n+2){max-width:14rem}th,.whole{white-space:nowrap}
@media(max-width:45rem){td,li,figcaption,h1,h2{overflow-wrap:anywhere}.whole{white-space:normal}
.wide,.wide tbody,.wide tr,.wide td{display:block;max-width:none}.wide .head,.wide td:empty{display:none}
.wide tr{border-bottom:1px solid var(--line);padding:.4rem 0}.wide td{border:0;padding:.1rem .6rem}
.wide td::before{content:attr(data-name);color:var(--muted);margin-right:.6rem}
.curves text{font-size:15px}}p.muted,figcaption,th{color:var(--muted)}
figure{margin:1rem 0;overflow-x:auto}svg{width:100%;overflow:visible;max-width:44rem;
font:11px system-ui,sans-serif}svg text{fill:var(--muted)}
svg text.mark{fill:#14171c;font-weight:bold}svg text.mark.drifted{fill:#fff}
polyline{fill:none;stroke-width:1.8}.axis{fill:none;
stroke:var(--line)}polyline.run{stroke:var(--a)}polyline.base{stroke:var(--b);stroke-dasharray:5 3}
.key{margin-right:1rem}.key.run{color:var(--a)}.key.base{color:var(--b)}.bad{color:var(--bad)}
.warn{color:var(--warn)}.good{color:var(--good)}rect.stable{fill:#9fc9ae}rect.warning{fill:#c98a1b}
rect.drifted{fill:#b3261e}rect.unknown{fill:#9aa0a8}
.word{overflow-wrap:normal}
.appendix{border-top:3px double var(--line);margin-top:3rem}.appendix h1{font-size:1.25rem}
@media print{:root{color-scheme:light;--fg:#000;--bg:#fff;--line:#bbb;--muted:#444;--bad:#8f1a13;
--warn:#6b4600;--good:#14532d;--a:#1f5fa8;--b:#6b6f78}
body{max-width:none;margin:0;font-size:11pt}.appendix{break-before:page;border:0}tr,figure{break-inside:avoid}h2{break-after:avoid}}
"""


class ChartSource(Protocol):
    """What the charts are drawn from (``monitor.once.Loaded``)."""

    @property
    def snapshot(self) -> Snapshot: ...

    def series(self, key: RunKey, tag: str) -> Points: ...


def html(brief: Brief, source: ChartSource | None) -> str:
    """The whole page. ``look`` None: only kept facts are known, and there are no charts."""
    headline = _headline(brief)
    parts = [
        f"<h1>{escaped(headline)}</h1>",
        f'<p class="muted">{escaped(brief.span)} until {escaped(moment(brief.until, brief.until))}'
        f"{escaped(brief.aged)}</p>",
        _news(brief),
        _runs(brief),
    ]
    if source is not None:
        parts += [_models(source), _data_states(source)]
    parts += [_notes(brief), _tasks(brief)]
    parts += ['<section class="appendix"><h1>For the engineers</h1>', _list(brief), _findings(brief)]
    if source is not None:
        parts += [_comparisons(source), _curves(source, brief), _drift(source)]
    parts.append("</section>")
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escaped(headline)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _headline(brief: Brief) -> str:
    """The whole in one sentence, in everybody's words."""
    counts = {name: len(brief.runs[name]) for name in ("crashed", "stalled", "finished", "running")}
    words = {"crashed": "failed", "stalled": "not moving", "finished": "finished", "running": "running"}
    trainings = ", ".join(f"{n} {words[name]}" for name, n in counts.items() if n)
    urgent = sum(f["severity"] == "critical" for f in brief.findings)
    soon = sum(f["severity"] == "warning" for f in brief.findings)
    parts = [
        plural(urgent, "issue needs action now", "issues need action now") if urgent else "",
        plural(soon, "issue should be looked at", "issues should be looked at") if soon else "",
        f"trainings: {trainings}" if trainings else "",
    ]
    message = "; ".join(part for part in parts if part) or "nothing new, nothing to do"
    return message[:1].upper() + message[1:]


def _news(brief: Brief) -> str:
    """What is wrong, without figures: one line a cause, with what is being done about it in the appendix."""
    causes: dict[tuple[str, str, str], list[str]] = {}
    for f in brief.findings:
        if f["severity"] != "info":
            name, part = _named(f)
            parts = causes.setdefault((f["severity"], _sentence(f), name), [])
            parts += [part] if part and part not in parts else []
    cells = [
        (_toned(severity, _SEVERITY[severity], "whole "), escaped(_plainly(sentence, name, parts)))
        for (severity, sentence, name), parts in list(causes.items())[:_MOST_RUNS]
    ]
    return _table("What is wrong", ("urgency", "what"), cells)


def _named(finding: Facts) -> tuple[str, str]:
    """(what a finding is about, the part of it)."""
    what, _, part = str(finding["subject"]).partition(" · ")
    return (str(finding["run"]).rpartition("/")[2] if finding["run"] else what), part


def _sentence(finding: Facts) -> str:
    """Its rule's sentence for everybody; an earlier version, or a rule of the user's, has none."""
    return str(finding.get("plain") or f"{finding['rule'].replace('-', ' ')}: {{name}}")


def _plainly(sentence: str, name: str, parts: Sequence[str]) -> str:
    """What a rule found, in everybody's words."""
    part = several(parts, _MOST_PARTS) or name
    return re.sub(r"\{(name|part)\}", lambda field: {"name": name, "part": part}[field[1]], sentence)


def _compared(situation: Situation) -> list[tuple[str, Comparison]]:
    """The comparisons of runs, then of predictions, with the names of what is compared."""
    pairs = [(key.id, comparison) for key, comparison in situation.comparisons.items()]
    return pairs + [(key.name, comparison) for key, comparison in situation.predictions.items()]


def _models(source: ChartSource) -> str:
    """Each compared model in one line: better or worse than the one in use, and what it costs."""
    pairs = _compared(source.snapshot.situation)
    rows = []
    for name, comparison in pairs[:_MOST_RUNS]:
        words = " ".join(escaped(message) for message in cost_words(comparison))
        verdict = _toned(comparison.verdict, _VERDICTS[comparison.verdict])
        rows.append((escaped(name), verdict + (f"<br>{words}" if words else "")))
    return _table("Models, compared with the one in use", ("model", "verdict"), rows)


def _data_states(source: ChartSource) -> str:
    rows = []
    for data in source.snapshot.situation.data:
        verdict = data.latest.verdict if data.latest else "unknown"
        moved = [column.name for column in (data.latest.moved if data.latest else ())]
        columns = f": {several(moved, 5)}" if moved else ""
        rows.append((escaped(data.name), _toned(verdict, _DRIFT[verdict] + columns)))
    return _table("Data", ("data", "state"), rows)


def _list(brief: Brief) -> str:
    items = "".join(f"<li><b>{escaped(line.label)}</b>: {escaped(line.words)}</li>" for line in brief.lines)
    return f"<ul>{items}</ul>" if items else ""


def _findings(brief: Brief) -> str:
    rows = [
        (
            _toned(f["severity"], _SEVERITY[f["severity"]], "whole "),
            escaped(f["subject"]),
            escaped(f["summary"]),
            escaped(f["advice"]),
        )
        for f in brief.findings
    ]
    return _table("Findings, and what to do", ("urgency", "where", "what", "advice"), rows)


def _runs(brief: Brief) -> str:
    rows = []
    for group in ("crashed", "stalled", "running", "finished"):
        for run in brief.runs[group]:
            left = f"about {duration(run['eta'][0])} left" if run["eta"] and run["eta"][0] is not None else ""
            done = f"{percent(run['fraction'])} done" if run["fraction"] is not None else ""
            message = ", ".join(part for part in (done, left) if part)
            state = f'<span class="word">{escaped(_STATUS[run["status"]])}</span>'
            rows.append((escaped(run["id"]), state, escaped(message)))
    more = len(rows) - _MOST_RUNS
    note = f'<p class="muted">and {more} more</p>' if more > 0 else ""
    return _table("Trainings", ("training", "state", "progress"), rows[:_MOST_RUNS]) + note


def _comparisons(source: ChartSource) -> str:
    pairs = _compared(source.snapshot.situation)
    rows = [
        (
            escaped(name),
            escaped(metric.name),
            f'<span class="whole">{escaped(number(metric.baseline))}</span>',
            f'<span class="whole">{escaped(f"{number(metric.candidate)} ({signed(metric.delta)})")}</span>',
            _toned(metric.verdict, _VERDICTS[metric.verdict]),
        )
        for name, compared in pairs
        for metric in compared.metrics
        if metric.primary or metric.verdict == "worse"
    ]
    head = ("model", "measure", "before", "now", "verdict")
    return _table("Metrics, compared with the model in use", head, rows[: 2 * _MOST_RUNS])


def _curves(source: ChartSource, brief: Brief) -> str:
    """What moved since, against the baseline; runs of the baseline itself come last."""
    snapshot = source.snapshot
    groups = ("running", "crashed", "stalled", "finished")
    active = {(run["root"], run["id"]) for group in groups for run in brief.runs[group]}
    drawn: list[str] = []
    for run in sorted(snapshot.situation.runs, key=lambda run: is_baseline(snapshot, run)):
        facts = run_facts(run)
        metric = run.main_metric
        if (facts["root"], facts["id"]) not in active or metric is None or len(drawn) >= _MOST_CURVES:
            continue
        lines = [
            *_baseline_curves(source, run, metric.tag),
            _curve(source, run.key, metric.tag, run.id, "run"),
        ]
        drawn.append(curves(metric.tag, lines))
    charts = "".join(chart for chart in drawn if chart)
    return f"<h2>Curves</h2>{charts}" if charts else ""


def _baseline_curves(source: ChartSource, run: Run, tag: str) -> list[SvgCurve]:
    """The curves of the run or the group that ``run`` is compared with; none for a run of it."""
    snapshot = source.snapshot
    baseline = snapshot.situation.baselines.get(run.root)
    if baseline is None or is_baseline(snapshot, run):
        return []
    others = [r for r in snapshot.situation.runs if r.root == run.root and is_baseline(snapshot, r)]
    name = f"{baseline.name} (baseline)"
    return [
        _curve(source, other.key, own, name, "base")
        for other in others[:_MOST_BASELINE]
        if (own := spelt(other, tag))
    ]


def _curve(source: ChartSource, key: RunKey, tag: str, name: str, style: str) -> SvgCurve:
    points = source.series(key, tag)
    return SvgCurve(name, points.steps.tolist(), points.values.tolist(), style)


def _drift(source: ChartSource) -> str:
    return "".join(_data_set(data) for data in source.snapshot.situation.data)


def _data_set(data: DataSet) -> str:
    verdict = data.latest.verdict if data.latest else "unknown"
    first = max(len(data.batches) - _MOST_BATCHES, 0)
    batches = [batch.name for batch in data.batches][first:]
    rows = [
        (trend.name, trend.verdicts[first:])
        for trend in sorted(data.trends, key=lambda t: -_badness(t.verdicts))[:_MOST_COLUMNS]
        if len(trend.verdicts) == len(data.batches)
    ]
    chart = grid(f"{data.name}: each square is one batch, each row one column", rows, batches)
    sentences = [
        f"<li>{escaped(c.name)}: {escaped(c.sentence or c.reason)}</li>"
        for c in (data.latest.moved if data.latest else ())[:10]
    ]
    message = f"<ul>{''.join(sentences)}</ul>" if sentences else ""
    head = f"<h2>Data {escaped(data.name)}: {_toned(verdict, _DRIFT[verdict])}</h2>"
    return head + message + chart


def _notes(brief: Brief) -> str:
    items = "".join(f"<li>{escaped(str(note['short']))}</li>" for note in brief.notes)
    return f"<h2>In the engineers' own words</h2><ul>{items}</ul>" if items else ""


def _tasks(brief: Brief) -> str:
    findings = {f"rw:{f['fingerprint']}": f for f in brief.findings}
    rows = [
        (
            escaped(line["priority"] or ""),
            escaped(_task(line["text"], findings)),
            escaped(line["due"] or ""),
            escaped(line["who"]),
        )
        for line in brief.tasks["lines"][:_MOST_RUNS]
    ]
    table = _table("What is being done", ("priority", "task", "due", "who"), rows)
    closed = len(brief.closed)
    by_hand = sum(one["by"] == "person" for one in brief.closed)
    note = f"{plural(closed, 'task')} closed in this period, {by_hand} by a person." if closed else ""
    if not rows and not note:
        return "<h2>What is being done</h2><p>Nothing is pending.</p>"
    return table + (f'<p class="muted">{escaped(note)}</p>' if note else "")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already. On a phone the rows of four columns or more are lists."""
    if not rows:
        return ""
    top = "".join(f"<th>{escaped(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{escaped(name)}">{cell}</td>' for name, cell in zip(head, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    wide = ' class="wide"' if len(head) > 3 else ""
    return f'<h2>{escaped(title)}</h2><table{wide}><tr class="head">{top}</tr>{body}</table>'


def _task(text: str, findings: Mapping[str, Facts]) -> str:
    """What is to do, in everybody's words: those of its finding, unless a person has made the line theirs."""
    words = text.split()
    task = next((findings[word] for word in words if word in findings), None)
    if task is not None and "by:runwatch" in words:
        name, part = _named(task)
        return _plainly(_sentence(task), name, [part] if part else [])
    own = ("rw:", "by:", "n:", "pri:", "res:", "due:", "t:", "who:", "rec:", "id:", "p:", "host:", "+", "@")
    return " ".join(word for word in text.split() if not word.startswith(own))


def _toned(state: str, words: str, css: str = "") -> str:
    """Words in the colour of a severity or verdict; ``css``: further classes."""
    return f'<span class="{css}{_TONES.get(state, "muted")}">{escaped(words)}</span>'


def _badness(verdicts: Sequence[str]) -> int:
    return sum({"drifted": 3, "warning": 1}.get(verdict, 0) for verdict in verdicts)
