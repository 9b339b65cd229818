"""What may stand next on a command line. Runs, data sets and hosts come from what was kept; no run is
read."""

from __future__ import annotations

import argparse
import contextlib
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

from runwatch.cli import Parser, command_names, common_options
from runwatch.domain.borders import JsonDict
from runwatch.text.safe import run_name, safe

FILES, FOLDERS = ":files", ":dirs"
_BREAKS = ":="
_ABOUT_WIDTH = 60
_BOARD = "_dashboard"
_TASK_ACTIONS = ("done", "reopen", "snooze", "edit", "priority")


class Candidate(NamedTuple):
    """A word, and what it is; ``:files`` and ``:dirs`` ask the shell for its own."""

    value: str
    about: str = ""


def candidates(words: Sequence[str]) -> list[Candidate]:
    """What fits the last of ``words`` (it may be empty), which follow the program's name."""
    *before, current = words or [""]
    with contextlib.suppress(Exception):  # a completion never complains
        return [c for c in _candidates(before, current) if c.value[:1] == ":" or c.value.startswith(current)]
    return []


def for_bash(line: str) -> list[str]:
    """The same for bash, which takes what stands behind the last ``:`` or ``=`` for the word, quoted."""
    words = _split(line)[1:]
    current = words[-1] if words else ""
    cut = max((current.rfind(char) + 1 for char in _BREAKS), default=0)
    return [c.value if c.value[:1] == ":" else shlex.quote(c.value)[cut:] for c in candidates(words)]


def _split(line: str) -> list[str]:
    for closing in ("", "'", '"'):
        with contextlib.suppress(ValueError):
            return shlex.split(line + closing) + ([""] if not closing and line[-1:].isspace() else [])
    return line.split(" ")


def _candidates(before: Sequence[str], current: str) -> Iterator[Candidate]:
    if not before and not current.startswith("-"):
        for name in command_names():
            yield Candidate(name, _first_line(import_module(f"runwatch.cli.{name}").HELP))
        yield from _roots()
        return
    if not before or before[0] not in command_names():
        before = [_BOARD, *before]
    parser = _parser(before[0])
    options = {o: action for action in parser._actions for o in action.option_strings}
    last = options.get(before[-1])
    name, equals, _ = current.partition("=")
    if last is not None and last.nargs != 0:
        yield from _values(last, before)
    elif equals and name in options:
        yield from (Candidate(f"{name}={c.value}", c.about) for c in _values(options[name], before))
    elif current.startswith("-"):
        for option, action in options.items():
            if option.startswith("--") and action.help != argparse.SUPPRESS:
                yield Candidate(option, _first_line(action.help or ""))
    else:
        yield from _positional(parser, options, before)


def _parser(name: str) -> Parser:
    parser = Parser(prog=f"runwatch {name}")
    import_module(f"runwatch.cli.{name}").configure(parser)
    common_options(parser)
    return parser


def _positional(
    parser: Parser, options: dict[str, argparse.Action], before: Sequence[str]
) -> Iterator[Candidate]:
    given, skip = [], False
    for word in before[1:]:
        option = options.get(word)
        if skip or option is not None or word.startswith("-"):
            skip = not skip and option is not None and option.nargs != 0
            continue
        given.append(word)
    places = [action for action in parser._actions if not action.option_strings]
    if not places:
        return
    action = places[min(len(given), len(places) - 1)]
    if len(given) >= len(places) and action.nargs not in ("*", "+"):
        return
    if before[0] == "note" and given:
        return
    if before[0] == "tasks" and given:
        yield from _of_tasks(given)
    else:
        yield from _values(action, before)


def _of_tasks(given: Sequence[str]) -> Iterator[Candidate]:
    if given[0] in _TASK_ACTIONS and (given[0] in ("done", "reopen") or len(given) == 1):
        yield from _tasks(done=given[0] == "reopen")
    elif given[0] == "snooze":
        yield from map(Candidate, ("tomorrow", "monday", "3d", "1w"))
    elif given[0] == "priority":
        yield from map(Candidate, ("A", "B", "C", "none"))
    elif given[0] == "silence" and len(given) == 1:
        yield from _rules()
        yield from _runs()
        yield from _data_sets()
    elif given[0] == "silence":
        yield from map(Candidate, ("1h", "4h", "1d", "monday"))


def _values(action: argparse.Action, before: Sequence[str]) -> Iterator[Candidate]:
    """What may stand for an argument or behind an option."""
    if action.choices is not None:
        yield from (Candidate(str(choice)) for choice in action.choices if choice != "candidates")
        return
    named: dict[str, Callable[[], Iterator[Candidate]]] = {
        "RUN": _runs, "RUN TEXT": _runs, "DATA/BATCH": _batches, "theme": _themes,
        "ROOT": _roots, "root": _roots, "HOST": _hosts, "host": _hosts,
    }  # fmt: skip
    result = named.get(str(action.metavar)) or named.get(action.dest)
    if result is not None:
        yield from result()
    elif action.metavar in ("FILE", "REFERENCE", "CURRENT", "DATA", "REF"):
        yield Candidate(FILES)
    if action.metavar == "RUN" and before[0] == "compare":
        yield Candidate(FILES)


def _facts() -> list[JsonDict]:
    from runwatch.store.state import open_state
    from runwatch.system.folders import state_dir

    directory = state_dir()
    if directory is None or not (directory / "state.db").is_file():
        return []
    with open_state() as state:
        return [row.facts for row in state.kept_rows()]


def _runs() -> Iterator[Candidate]:
    known = {run["id"]: run for facts in _facts() for run in facts["runs"]}
    for name, run in known.items():
        yield Candidate(run_name(name), _about(run["status"], run.get("name")))


def _data_sets() -> Iterator[Candidate]:
    known = {data["name"]: data for facts in _facts() for data in facts["data"]}
    yield from (Candidate(name, f"data set, {data['verdict']}") for name, data in known.items())


def _batches() -> Iterator[Candidate]:
    yield from (Candidate(f"{data.value}/", data.about) for data in _data_sets())


def _rules() -> Iterator[Candidate]:
    from runwatch.rules.engine.registry import load_rules

    yield from (Candidate(rule.NAME, _first_line(rule.DESCRIPTION)) for rule in load_rules()[0])


def _tasks(done: bool) -> Iterator[Candidate]:
    from datetime import date

    from runwatch.monitor.session import root_state
    from runwatch.store.state import open_state
    from runwatch.tasks.todotxt import parse_all

    with open_state() as state:
        _, _, place = root_state(state, None, None)
    for task in parse_all(place.todo_file().read().texts, date.today()):
        if task.done == done:
            yield Candidate(task.id, _about(task.text))


def _roots() -> Iterator[Candidate]:
    yield from (Candidate(f"{host.value}:", host.about) for host in _hosts())
    yield Candidate(FOLDERS)


def _hosts() -> Iterator[Candidate]:
    from runwatch import config

    for name, host in config.hosts(None).items():
        yield Candidate(name, _about(", ".join(host.roots)))


def _themes() -> Iterator[Candidate]:
    from runwatch.shipped import shipped

    yield from (Candidate(file.stem) for file in sorted(shipped("themes").glob("*.toml")))


def _about(*words: str | None) -> str:
    return safe(", ".join(filter(None, words)), _ABOUT_WIDTH)


def _first_line(words: str) -> str:
    return _about(re.sub(r"\s+", " ", words.partition("\n\n")[0]).replace("%%", "%"))
