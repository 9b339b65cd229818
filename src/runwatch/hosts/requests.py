"""Here: questions to the machine that holds one root, without a look at its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import msgspec

from runwatch.domain.address import host_of, path_of
from runwatch.domain.errors import UserError
from runwatch.domain.intents import Intent, to_json
from runwatch.hosts import messages as m
from runwatch.hosts.fleet_once import Connected
from runwatch.hosts.loading import ANSWER_TIMEOUT_S
from runwatch.hosts.naming import split_by_host
from runwatch.hosts.remote import Remote


class RemoteRoot(msgspec.Struct, frozen=True):
    """``root``: HOST:PATH as it is named there; ``host``: the machine."""

    root: str
    host: str
    _machine: Remote

    @property
    def path(self) -> str:
        """The root's path on its machine."""
        return path_of(self.root)

    def ask(self, question: Callable[[int], m.Question]) -> Any:
        """The answer, of the kind that ``messages.BODIES`` names. Raises WireError."""
        return self._machine.ask(question)

    def do(self, intent: Intent) -> m.Did:
        """Have an intent done there. Raises WireError."""
        did: m.Did = self.ask(lambda number: m.Do(number, to_json(intent)))
        return did


@contextmanager
def asking(root: str, config_file: str | None) -> Iterator[RemoteRoot]:
    """The machine of ``root`` (HOST:PATH), connected. Raises UserError: it does not answer."""
    _, (target, *_) = split_by_host([root], config_file)
    with closing(Connected([target], None)) as connected:
        connected.wait(ANSWER_TIMEOUT_S)
        machine = connected.machines[target.name]
        if not machine.judged:
            raise UserError(machine.state.message or target.silent(ANSWER_TIMEOUT_S))
        named = machine.roots[0]
        yield RemoteRoot(named, host_of(named) or target.name, machine)
