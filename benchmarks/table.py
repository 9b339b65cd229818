"""One table for all figures, and the line that says on what they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: what it is of, its median, its unit, and the most that it should be (None: no target)."""

    what: str
    value: float | None
    unit: str
    most: float | None = None

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.most is None:
            return ""
        return "reached" if self.value <= self.most else "missed"


def machine() -> str:
    """What this machine is, and how busy it is now."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} x {model}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def text(rows: Iterable[Row]) -> str:
    """The rows as a table of Markdown."""
    lines = ["| what | median | unit | target | |", "| --- | ---: | --- | ---: | --- |"]
    for row in rows:
        value = "–" if row.value is None else f"{row.value:.3g}" if row.value < 1000 else f"{row.value:,.0f}"
        most = "" if row.most is None else f"<= {row.most:,g}"
        lines.append(f"| {row.what} | {value} | {row.unit} | {most} | {row.verdict} |")
    return "\n".join(lines)
