"""Files that grow in front of a reader, and what must come of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harness import Session, Told

from runwatch.domain.operations import Evidence, HParams, Label, Length
from runwatch.readers.base import Reader

Summary = dict[str, object]


def summary(told: Told) -> Summary:
    """What a run comes to: points, hyperparameters, and the last word of each kind."""
    last = {kind.__name__: repr(told.of(kind)[-1]) for kind in (Length, Evidence) if told.of(kind)}
    if told.of(Evidence) and told.of(Evidence)[-1].status is None:  # withdrawn: as if never said
        del last["Evidence"]
    labels = {label.key: label.value for label in told.of(Label)}
    points = {
        tag: [
            (int(s), None if math.isnan(w) else round(float(w), 6), repr(float(v)))
            for s, w, v in zip(p.steps, p.wall_times, p.values, strict=True)
        ]
        for tag, p in told.series.items()
    }
    hparams = {(said.section, key): repr(v) for said in told.of(HParams) for key, v in said.values.items()}
    return {"points": points, "hparams": hparams, "labels": labels, **last}


def summaries(session: Session) -> dict[str, Summary]:
    made = {run_id: summary(told) for run_id, told in session.runs.items()}
    return {run_id: said for run_id, said in made.items() if any(said.values())}


def grown(reader: Reader, root: Path, file: str, data: bytes, cuts: Iterable[int]) -> dict[str, Summary]:
    """``file`` appended piece by piece, with a look after each; the reader is claimed anew each time."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    session = Session([reader], root)
    done = 0
    for cut in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        with path.open("ab") as out:
            out.write(data[done:cut])
        done = cut
        session.look()
    return summaries(session.look(final=True))


def rewritten(
    reader: Reader,
    root: Path,
    file: str,
    versions: Sequence[bytes],
    before: Callable[[], None] = lambda: None,
) -> dict[str, Summary]:
    """``file`` replaced by each version in turn, with a look after each."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    before()
    session = Session([reader], root)
    for version in versions:
        path.write_bytes(version)
        session.look()
    return summaries(session)
