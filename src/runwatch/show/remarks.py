"""People's notes on runs, batches and baselines: as text, JSON, and one line for other answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runwatch.domain.remark import Remark
from runwatch.domain.run import RunKey
from runwatch.show.tabular import render
from runwatch.text.jsonable import SCHEMA, fields, hparams
from runwatch.text.safe import safe
from runwatch.text.units import iso, moment

Noted = Sequence[tuple[str, Remark]]


def remark_json(root: str, remark: Remark) -> dict[str, object]:
    """One note."""
    return {
        "id": remark.id,
        "root": hparams(root),
        **fields(remark, "kind subject"),
        "at": iso(remark.at),
        **fields(remark, "by text tags"),
    }


def remarks_json(noted: Noted) -> dict[str, object]:
    """``note --json``."""
    return {"schema": SCHEMA, "notes": [remark_json(root, remark) for root, remark in noted]}


def remarks_table(noted: Noted, form: str, now: float) -> str:
    """Notes as a table in ``form`` (text, markdown, csv), oldest first."""
    exact = form == "csv"
    rows = [
        (str(r.id), (iso(r.at) or "") if exact else moment(r.at, now), r.by, about(r), r.text)
        for _, r in noted
    ]
    return render(("id", "when", "who", "about", "note"), rows, form)


def about(remark: Remark) -> str:
    """ "exp-17", "batch orders/2026-11-30.parquet", "the baseline"."""
    if remark.kind == "run":
        return remark.subject
    return f"batch {remark.subject}" if remark.kind == "batch" else "the baseline"


def line(remark: Remark, now: float) -> str:
    """One note as a line: "exp-17, 12:03, ana: too high a rate"."""
    return f"{about(remark)}, {moment(remark.at, now)}, {remark.by}: {remark.text}"


def short(remark: Remark) -> str:
    """The same for a line of a brief."""
    return f"{safe(about(remark), 30)}: {safe(remark.text, 60)} ({safe(remark.by, 20)})"


def of_runs(noted: Noted, keys: Iterable[RunKey]) -> list[Remark]:
    """The notes on these runs, and those on the baseline of their roots."""
    chosen = set(keys)
    roots = {key.root for key in chosen}
    return [
        remark
        for root, remark in noted
        if (remark.kind == "run" and RunKey(root, remark.subject) in chosen)
        or (remark.kind == "baseline" and root in roots)
    ]


def facts_of(noted: Noted) -> list[Mapping[str, object]]:
    """What a brief keeps of them."""
    return [{**remark_json(root, remark), "short": short(remark)} for root, remark in noted]
