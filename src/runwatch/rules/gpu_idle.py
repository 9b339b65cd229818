"""A GPU that does nothing under a run that claims to run, or whose memory an unknown process holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import host_finding, run_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import duration, size

NAME = "gpu-idle"
DESCRIPTION = (
    "A GPU has been idle for five minutes while a running run, or an unknown process, holds its memory."
)
DEFAULTS: Mapping[str, object] = {"after": "5m", "unknown_memory_gb": 1.0}
HOLD, KEEP, MANY = 0.0, _KEEP, ""
SUBJECTS = ("host",)
WORDS = ("gpu idle", "gpu idle")
PLAIN = "A graphics card is reserved but idle: {part}."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning about the run, and info where no known run holds the memory. The five minutes are those that
    the GPU was seen idle."""
    running = {run.id: run for run in situation.runs if run.status == "running"}
    for gpu in situation.machine.gpus if situation.machine is not None else ():
        if gpu.idle_for is None or gpu.idle_for < number(options, "after"):
            continue
        for run in {p.run: running[p.run] for p in gpu.processes if p.run in running}.values():
            yield _idle(run, gpu.index, gpu.idle_for)
        strangers = [p for p in gpu.processes if p.run is None]
        held = sum(process.memory or 0 for process in strangers)
        if held >= 1e9 * number(options, "unknown_memory_gb"):
            pids = ", ".join(str(process.pid) for process in strangers[:4])
            yield host_finding(
                situation,
                NAME,
                "info",
                f"gpu {gpu.index}",
                f"GPU {gpu.index} is idle, {size(held)} of its memory is held by process {pids}",
                f"Memory of GPU {gpu.index} is held by no known run",
                "See whether that process is a forgotten notebook or a dead job.",
                evidence={"pids": [process.pid for process in strangers], "memory": held},
            )


def _idle(run: Run, index: int, idle_for: float) -> Finding:
    return run_finding(
        run,
        NAME,
        "warning",
        f"GPU {index} has been idle for {duration(idle_for)} while the run holds it",
        f"Run {safe(run.title)} leaves its GPU idle",
        "It is waiting for something: check its data loader (workers, disk), a lock, or another rank.",
        subject=f"gpu {index}",
        evidence={"gpu": index, "idle_seconds": idle_for},
    )
