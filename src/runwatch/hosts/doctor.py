"""Here: what ``doctor`` checks on other machines: whether and how they are reached, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from msgspec.structs import replace

from runwatch import __version__
from runwatch.hosts import messages as m
from runwatch.hosts.fleet_once import Connected
from runwatch.hosts.loading import ANSWER_TIMEOUT_S
from runwatch.hosts.remote import Remote
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import WireError
from runwatch.monitor.diagnostics import Diagnostic


def examine_hosts(others: Sequence[Target]) -> list[Diagnostic]:
    """All checks of all machines; one that does not answer within 20 s is one bad check."""
    with closing(Connected(others, None)) as connected:
        connected.wait(ANSWER_TIMEOUT_S)
        return [check for machine in connected.machines.values() for check in _of(machine)]


def _of(machine: Remote) -> Iterator[Diagnostic]:
    hello, state = machine.hello, machine.state
    if hello is None or not machine.judged:
        words = state.message or machine.target.silent(ANSWER_TIMEOUT_S)
        yield Diagnostic(machine.name, "bad", words.removeprefix(f"{machine.name}: "), "see docs/hosts.md")
        return
    if state.mirrored:
        yield Diagnostic(
            machine.name,
            "note",
            "runwatch not found: its files are copied here by its python3, and read here",
            'install runwatch there (or set command = "…") and nothing needs to be copied',
        )
        return
    same = hello.version == __version__
    versions = f"runwatch {hello.version}" if same else f"runwatch {hello.version} there, {__version__} here"
    yield Diagnostic(
        machine.name,
        "good" if same else "note",
        f"{versions}, protocol {hello.protocol}: fine; Python {hello.python}, {hello.user}@{hello.host}",
    )
    if state.clock:
        ahead = "ahead" if state.clock > 0 else "behind"
        yield Diagnostic(
            f"{machine.name}: clock",
            "weak",
            f"{abs(state.clock):.0f} s {ahead}",
            "ages of its runs are off by that; have both machines keep time (NTP)",
        )
    try:
        diagnostics: list[Diagnostic] = machine.ask(m.AskChecks)
    except WireError as error:
        yield Diagnostic(machine.name, "bad", str(error))
        return
    yield from (replace(check, name=f"{machine.name}: {check.name}") for check in diagnostics)
