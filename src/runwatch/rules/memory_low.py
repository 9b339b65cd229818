"""Little memory left, or work that waits for memory or disks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import host_finding, is_open
from runwatch.rules.engine.options import number
from runwatch.text.units import percent, size

NAME = "memory-low"
DESCRIPTION = "Less than 5% of the memory is available, or work waits for memory or disks."
DEFAULTS: Mapping[str, object] = {
    "warning_percent": 5.0,
    "critical_percent": 2.0,
    "memory_pressure": 20.0,
    "io_pressure": 40.0,
}
HOLD, KEEP, MANY = 120.0, _KEEP, ""
SUBJECTS = ("host",)
WORDS = ("memory low", "memory low")
PLAIN = "A machine is short of memory: {name}."

_CLEARS = 1.2
_WAITS = {"memory": "memory_pressure", "io": "io_pressure"}


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Of the control group where there is one; an open one clears at 1.2 times what it fires at."""
    machine = situation.machine
    if machine is None:
        return
    total = machine.memory_total
    free = 100 * (total - machine.memory_used) / total if total else 100.0
    severity: Severity = "critical" if free < number(options, "critical_percent") else "warning"
    where = "its container" if machine.in_container else "the machine"
    low = host_finding(
        situation,
        NAME,
        severity,
        "memory",
        f"{percent(free / 100, 1)} of {size(total)} is available in {where}",
        "Memory is nearly used up",
        "Find the process that grew (the machine pane); stop it, or give its data loader fewer workers, "
        "before the kernel chooses one to kill.",
        evidence={"used": machine.memory_used, "total": total},
    )
    limit = number(options, "warning_percent") * (_CLEARS if is_open(situation, low) else 1.0)
    if free < limit:
        yield low
    for name, waiting in machine.pressure:
        if name in _WAITS and waiting > number(options, _WAITS[name]):
            what = "disks" if name == "io" else "memory"
            yield host_finding(
                situation,
                NAME,
                "warning",
                f"{name} pressure",
                f"work waited for {what} {waiting:.0f}% of the last minute",
                f"Work waits for {what}",
                "See which process reads or allocates most; spread the load, or use fewer loader workers.",
                evidence={"some_avg60": waiting},
            )
