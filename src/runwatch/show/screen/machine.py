"""The machine in one line, and in full."""

from __future__ import annotations

from runwatch.domain.machine import Disk, Gpu, Machine
from runwatch.domain.situation import HostLink, Snapshot
from runwatch.show.screen.view import (
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    bar,
    cells,
    join,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe

_DAY = 86400.0
MOST_STRIPS = 5


def strip(machine: Machine | None, width: int = 10_000) -> Words:
    """Host, CPU, memory, the fullest disk, GPUs: what a person wants to know at a glance. Of what does not
    fit into ``width`` cells what is well goes first, from the end."""
    if machine is None:
        return text("machine: not measured yet", "muted")
    parts: list[Words] = [text(machine.host, "strong", 20)]
    if machine.cpu is not None:
        parts.append(
            words(
                Span("cpu ", "muted"),
                _gauge(machine.cpu),
                Span(f" {units.percent(round(10 * machine.cpu) / 10)}"),
            )
        )
    parts.append(_memory(machine))
    disk = worst_disk(machine.disks)
    if disk is not None:
        parts.append(disk_words(disk))
    parts += [gpu_words(gpu) for gpu in machine.gpus[:2]]
    if len(machine.gpus) > 2:
        parts.append(text(f"+{len(machine.gpus) - 2} GPUs", "muted"))
    if machine.oom_kills:
        parts.append(text(f"✗ {units.plural(machine.oom_kills, 'out-of-memory kill')}", "bad"))
    while len(parts) > 1 and cells(join(parts, "  ")) > width:
        well = [i for i, part in enumerate(parts) if i and not any(s.tone in ("bad", "warn") for s in part)]
        del parts[well[-1] if well else -1]
    return join(parts, "  ")


def strips(snapshot: Snapshot, now: float, width: int = 10_000) -> tuple[Words, ...]:
    """A line a machine, this one first where its roots are watched; of many those that need a look, and
    how the others are. ``width``: the cells that there are."""
    links = snapshot.watch.hosts
    if not links:
        return (strip(snapshot.situation.machine, width),)
    here = snapshot.situation.machine
    lines = [strip(here)] if here is not None else []
    order = sorted(links, key=lambda link: (link.state == "live", -_strain(snapshot, link)))
    shown = order if len(links) + len(lines) <= MOST_STRIPS else order[: MOST_STRIPS - 1 - len(lines)]
    lines += [_of_host(snapshot, link, now) for link in links if link in shown]
    if len(shown) < len(links):
        rest = [link for link in links if link not in shown]
        live = sum(link.state == "live" for link in rest)
        lines.append(text(f"{units.plural(len(rest), 'more host')}, {live} live", "muted"))
    return tuple(lines)


def _of_host(snapshot: Snapshot, link: HostLink, now: float) -> Words:
    """Another machine's line: how it is, or since when nothing is known and why."""
    machine = snapshot.situation.machines.get(link.name)
    mirrored = text("  mirrored", "muted") if link.mirrored else ()
    name = words(*text(link.name, "strong", 20), *mirrored)
    if link.state == "live" and machine is not None:
        own = strip(machine)[len(text(machine.host, "strong", 20)) :]
        clock = f"  clock {units.duration(abs(link.clock))} {'ahead' if link.clock > 0 else 'behind'}"
        return words(name, own, text(clock, "warn") if link.clock else ())
    message = link.message.removeprefix(f"{link.name}: ") or (
        "live" if link.state == "live" else "connecting …"
    )
    age = f"{units.ago(link.heard, now)}: " if link.state == "lost" and link.heard is not None else ""
    tone: Tone = "muted" if link.state == "live" else "warn"
    return words(name, "  ", Span(safe(age + message, 100), tone))


def _strain(snapshot: Snapshot, link: HostLink) -> float:
    """How close a machine is to some limit of its own: 0..1."""
    machine = snapshot.situation.machines.get(link.name)
    if machine is None:
        return 0.0
    memory = machine.memory_used / machine.memory_total if machine.memory_total else 0.0
    return max([memory, *(disk.percent / 100 for disk in machine.disks)])


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
    used, total = units.size(machine.memory_used), units.size(machine.memory_total)
    if machine.memory_total and machine.memory_total >= 16 * 2**30 and machine.memory_used:
        used = f"{machine.memory_used / 2**30:.0f} GiB"  # tenths would be painted every second
    message = f" {used} of {total}"
    return words(Span("mem ", "muted"), _gauge(share), Span(message))


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
    spans = words(
        Span("disk ", "muted"),
        text(disk.mount, "muted"),
        " ",
        _gauge(share),
        Span(f" {disk.percent:.0f}%", tone),
    )
    if soon:
        spans = words(spans, Span(f" ! full in {units.duration(disk.full_in)}", "warn"))
    return words(spans, Span(" read-only", "warn")) if disk.read_only else spans


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


_FULL = (ViewColumn("what", "", 16), ViewColumn("gauge", "", 24, drop=1), ViewColumn("said", "", 30, grow=1))


def machines_table(snapshot: Snapshot, now: float) -> TableView:
    """All machines in full, one after the other."""
    links = snapshot.watch.hosts
    here = snapshot.situation.machine
    if not links:
        return machine_table(here)
    rows = list(machine_table(here).rows) if here is not None else []
    for link in links:
        rows.append(ViewRow.of(("link", link.name), (), (), ()))
        machine = snapshot.situation.machines.get(link.name)
        rows.append(
            ViewRow.of(("name", link.name), text(link.name, "strong"), (), _of_host(snapshot, link, now))
        )
        if machine is not None:
            rows += [row._replace(key=(link.name, row.key)) for row in machine_table(machine).rows]
    return TableView(_FULL, tuple(rows))


def machine_table(machine: Machine | None) -> TableView:
    """The machine in full: one line a measure."""
    if machine is None:
        return TableView(_FULL, (), (text("the machine was not measured yet", "muted"),))
    rows = [_row("host", text(machine.host, "strong"), f"{machine.cores} cores{_inside(machine)}")]
    if machine.cpu is not None:
        rows.append(_row("cpu", bar(machine.cpu, 20, load_tone(machine.cpu)), units.percent(machine.cpu)))
    if machine.load:
        shown = " ".join(f"{one:.1f}" for one in machine.load)
        rows.append(_row("load", (), f"{shown} over 1, 5, 15 min"))
    share = machine.memory_used / machine.memory_total if machine.memory_total else None
    message = f"{units.size(machine.memory_used)} of {units.size(machine.memory_total)}"
    rows.append(_row("memory", bar(share, 20, load_tone(share)), message))
    rows += [
        _row(f"pressure {safe(name)}", bar(value / 100, 20, "warn"), f"{value:.1f}%")
        for name, value in machine.pressure
    ]
    rows += [_disk_row(disk) for disk in machine.disks]
    for gpu in machine.gpus:
        rows += _gpu_rows(gpu)
    if machine.oom_kills:
        rows.append(_row("killed", (), f"{machine.oom_kills} for lack of memory since runwatch started"))
    rows += [_row("", (), note) for note in notes(machine)]
    return TableView(_FULL, tuple(rows))


def _inside(machine: Machine) -> str:
    return ", in a container" if machine.in_container else ""


def _row(name: str, gauge: Words, message: str) -> ViewRow:
    return ViewRow.of((name, message if not name else ""), text(name, "muted"), gauge, text(message))


def _disk_row(disk: Disk) -> ViewRow:
    message = f"{disk.percent:.0f}% used, {units.size(disk.free)} free"
    if disk.full_in is not None:
        message += f", full in {units.duration(disk.full_in)} at this pace"
    if disk.inodes_free is not None and disk.inodes_free < 0.1:
        message += f", only {units.percent(disk.inodes_free)} of its inodes free"
    message += ", read-only" if disk.read_only else ""
    share = disk.percent / 100
    return _row(f"disk {disk.mount}", bar(share, 20, load_tone(share)), message)


def _gpu_rows(gpu: Gpu) -> list[ViewRow]:
    facts = [gpu.name]
    if gpu.utilisation is not None:
        facts.append(f"{units.percent(gpu.utilisation)} busy")
    if gpu.memory_used is not None and gpu.memory_total:
        facts.append(f"{units.size(gpu.memory_used)} of {units.size(gpu.memory_total)}")
    if gpu.temperature is not None:
        facts.append(f"{gpu.temperature:.0f} °C")
    if gpu.power is not None:
        facts.append(f"{gpu.power:.0f} W")
    if gpu.throttled:
        facts.append("throttled")
    if gpu.idle_for:
        facts.append(f"idle for {units.duration(gpu.idle_for)}")
    rows = [_row(f"gpu {gpu.index}", bar(gpu.utilisation, 20, "info"), ", ".join(facts))]
    for process in gpu.processes:
        whose = f"run {process.run}" if process.run else "no known run"
        held = units.size(process.memory) if process.memory else "memory unknown"
        rows.append(
            ViewRow.of(
                ("pid", gpu.index, process.pid),
                (),
                text(f"pid {process.pid}", "muted"),
                text(f"{whose}, {held}"),
            )
        )
    return rows
