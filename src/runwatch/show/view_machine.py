"""The machine in one line, and in full."""

from __future__ import annotations

from runwatch.domain.machine import Disk, Gpu, Machine
from runwatch.show.view import Span, Tone, Words, bar, join, text, words
from runwatch.text import units
from runwatch.text.safe import safe

_DAY = 86400.0


def strip(machine: Machine | None) -> Words:
    """Host, CPU, memory, the fullest disk, GPUs: what a person wants to know at a glance."""
    if machine is None:
        return ((Span("machine: not measured yet", "muted")),)
    parts: list[Words] = [text(machine.host, "strong", 20)]
    if machine.cpu is not None:
        parts.append(
            words(Span("cpu ", "muted"), _gauge(machine.cpu), Span(f" {units.percent(machine.cpu)}"))
        )
    parts.append(_memory(machine))
    disk = worst_disk(machine.disks)
    if disk is not None:
        parts.append(disk_words(disk))
    parts += [gpu_words(gpu) for gpu in machine.gpus[:2]]
    if len(machine.gpus) > 2:
        parts.append((Span(f"+{len(machine.gpus) - 2} GPUs", "muted"),))
    if machine.oom_kills:
        parts.append((Span(f"✗ {units.plural(machine.oom_kills, 'out-of-memory kill')}", "bad"),))
    return join(parts, "  ")


def load_tone(share: float | None) -> Tone:
    """How worrying a share of use is."""
    return (
        "bad"
        if share is not None and share >= 0.95
        else "warn"
        if share is not None and share >= 0.85
        else "good"
    )


def _gauge(share: float | None) -> Words:
    return bar(share, 5, load_tone(share))


def _memory(machine: Machine) -> Words:
    share = machine.memory_used / machine.memory_total if machine.memory_total else None
    said = f" {units.size(machine.memory_used)} of {units.size(machine.memory_total)}"
    return words(Span("mem ", "muted"), _gauge(share), Span(said))


def worst_disk(disks: tuple[Disk, ...]) -> Disk | None:
    """The disk to worry about first: the one that is full soonest, else the fullest."""
    return min(
        disks, key=lambda d: (d.full_in if d.full_in is not None else float("inf"), -d.percent), default=None
    )


def disk_words(disk: Disk) -> Words:
    """A disk's use, and when it will be full."""
    share = disk.percent / 100
    tone = load_tone(share)
    soon = disk.full_in is not None and disk.full_in < 7 * _DAY
    said = words(
        Span("disk ", "muted"),
        text(disk.mount, "muted"),
        " ",
        _gauge(share),
        Span(f" {disk.percent:.0f}%", tone),
    )
    if soon:
        said = words(said, Span(f" ! full in {units.duration(disk.full_in)}", "warn"))
    return words(said, Span(" read-only", "warn")) if disk.read_only else said


def gpu_words(gpu: Gpu) -> Words:
    """A GPU's use, memory and heat."""
    parts: list[Span] = [Span(f"gpu{gpu.index} ", "muted")]
    if gpu.utilisation is not None:
        idle = gpu.idle_for is not None and gpu.idle_for > 300
        parts += [
            *bar(gpu.utilisation, 5, "warn" if idle else "info"),
            Span(f" {units.percent(gpu.utilisation)}"),
        ]
    if gpu.throttled:
        parts.append(Span(" throttled", "warn"))
    return tuple(parts)


def notes(machine: Machine) -> tuple[str, ...]:
    """What the machine's keeper could not measure."""
    return tuple(safe(note) for note in machine.notes)
