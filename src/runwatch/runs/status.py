"""How a run stands, judged from evidence: positive evidence first, then freshness. Pure: time is given.

"crashed" is never said from silence alone; what is silent and was never seen alive is "unknown".
"""

from __future__ import annotations

import msgspec

from runwatch.domain.operations import Evidence, Length
from runwatch.domain.run import Process, Status
from runwatch.text.units import DAY, MINUTE, duration, moment

FRESH_AT_LEAST = 120.0
LONGEST_GAP = 7200.0
RESUMED_AFTER = 120.0
SKEW = MINUTE


class StatusFacts(msgspec.Struct, frozen=True):
    """What is known of one run. Times in seconds since the epoch. ``console_updated``/``numbers_updated``:
    newest mtime of the console that tells of a crash, and of its other files."""

    evidence: tuple[Evidence, ...] = ()
    length: Length | None = None
    last_step: int | None = None
    last_epoch: float | None = None
    updated: float | None = None
    """Newest mtime of its files."""
    console_updated: float | None = None
    numbers_updated: float | None = None
    own_clock: float | None = None
    """The last wall time inside its files."""
    longest_gap: float = 0.0
    """The longest usual gap between writes."""
    silence: tuple[str, float] | None = None
    """(word, seconds) of a run that some runwatch process saw being written: "none", "quiet" or "stalled" by
    its own rhythm."""
    process: Process | None = None


def judge(facts: StatusFacts, now: float) -> tuple[Status, str]:
    """The status and its evidence in words."""
    return _ended(facts, now) or _alive(facts, now) or _silent(facts, now)


def fresh_for(facts: StatusFacts) -> float:
    """Seconds after its last write for which a run counts as being written."""
    return max(FRESH_AT_LEAST, 3 * min(facts.longest_gap, LONGEST_GAP))


def _ended(facts: StatusFacts, now: float) -> tuple[Status, str] | None:
    words = [e for e in facts.evidence if e.by == "framework" and e.status in ("finished", "crashed")]
    if words:
        newest = max(words, key=lambda e: (e.at or 0.0, e.status == "crashed"))
        return newest.status or "unknown", newest.reason
    console = [e for e in facts.evidence if e.by == "console" and e.status == "crashed"]
    if console and not _resumed(facts):
        return "crashed", console[-1].reason
    reached = None if facts.length is None else _reached(facts.length, facts)
    if reached is not None:
        return "finished", f"reached its planned {reached}"
    ended = [e for e in facts.evidence if e.by == "console" and e.status == "finished"]
    if ended and not _resumed(facts):
        return "finished", ended[-1].reason
    process = facts.process
    if process is not None and process.alive is False and facts.length is not None:
        return "crashed", f"its process {process.pid} is gone before the planned end"
    return None


def _reached(length: Length, facts: StatusFacts) -> str | None:
    """The planned length that the run has got to, in words."""
    if length.steps is not None and facts.last_step is not None and facts.last_step >= length.steps:
        return f"step {length.steps}"
    if length.epochs is None or facts.last_epoch is None:
        return None
    return f"{length.epochs:g} epochs" if facts.last_epoch - length.first_epoch + 1 >= length.epochs else None


def _resumed(facts: StatusFacts) -> bool:
    """Numbers were written well after the console's last word."""
    if facts.console_updated is None or facts.numbers_updated is None:
        return False
    return facts.numbers_updated > facts.console_updated + RESUMED_AFTER


def _alive(facts: StatusFacts, now: float) -> tuple[Status, str] | None:
    process = facts.process
    if process is not None and process.alive:
        return "running", f"process {process.pid} is alive ({process.evidence})"
    if facts.updated is None:
        return None
    if now - facts.updated <= fresh_for(facts):
        return "running", f"last write {moment(facts.updated, now)}{_skew(facts, now)}"
    return None


def _silent(facts: StatusFacts, now: float) -> tuple[Status, str]:
    if facts.updated is None:
        return "unknown", "none of its files has a usable time"
    since = f"last write {moment(facts.updated, now)}{_skew(facts, now)}"
    claims_to_run = next((e for e in facts.evidence if e.status == "running"), None)
    process = facts.process
    if process is not None and process.alive is False and not claims_to_run:
        return "unknown", f"its process {process.pid} ended; no end marker in this format; {since}"
    if claims_to_run is not None:
        return "stalled", f"{claims_to_run.reason}, but no sign of life since {moment(facts.updated, now)}"
    if facts.silence is not None:
        word, seconds = facts.silence
        if word == "stalled":
            return "stalled", f"seen alive, then no write for {duration(seconds)}"
        return "running", f"quiet for {duration(seconds)}, within its usual interval"
    return "unknown", f"no end marker in this format; {since}"


def _skew(facts: StatusFacts, now: float) -> str:
    if facts.updated is not None and facts.updated - now > SKEW:
        return f" (clock skew {duration(facts.updated - now)}: dated ahead of the clock here)"
    if facts.own_clock is None or facts.updated is None or abs(facts.own_clock - facts.updated) <= DAY:
        return ""
    return f" (its own clock says {moment(facts.own_clock, now)})"
