"""Write docs/cli.md from the commands' own help: ``.venv/bin/python scripts/cli_docs.py``."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from runwatch.cli import MONITORING, Parser, command_names, common_options

FILE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# Commands

Made by `scripts/cli_docs.py` from the commands' own help; do not edit by hand. Every command has `--help`.
What the `--json` output holds is in [json.md](json.md).

Results go to stdout, everything else to stderr. An error is one line, `runwatch: what: what is wrong; what to
do`; `--debug` adds the traceback. To open a folder named like a command, write `./NAME`.

## Exit codes

| code | `check`, `drift`, `quality`, `compare` | the others |
| --- | --- | --- |
| 0 | nothing at or above `--fail-on` (default: warning) | done |
| 1 | a warning | failed |
| 2 | something critical | wrong usage |
| 3 | unknown: nothing could be read or judged, or wrong usage | – |

These are the codes of a monitoring plugin (OK, WARNING, CRITICAL, UNKNOWN). `--fail-on critical` lets
warnings pass, `--fail-on info` counts everything, `--fail-on never` only reports. `brief` exits 0 whatever
happens.
"""


def pages() -> str:
    """The whole page."""
    common = Parser(add_help=False)
    common_options(common)
    shared = _options(common._actions)
    parts = [HEAD, f"## Options of every command\n\n{shared}\n", _command("_dashboard")]
    parts += [_command(name) for name in command_names()]
    return "\n".join(parts)


def _command(module: str) -> str:
    command = import_module(f"runwatch.cli.{module}")
    parser = Parser(prog=f"runwatch {command.NAME}".strip(), add_help=False)
    command.configure(parser)
    first, _, rest = command.HELP.partition("\n\n")
    words = " ".join(first.split())
    positional = [a for a in parser._actions if not a.option_strings]
    optional = [a for a in parser._actions if a.option_strings]
    usage = " ".join([parser.prog, *(["[OPTION…]"] if optional else []), *map(_shown, positional)])
    parts = [f"## {parser.prog}\n\n{words}\n\n```\n{usage}\n```\n"]
    if rest:
        parts.append(_rest(rest))
    for title, actions in (("argument", positional), ("option", optional)):
        if any(a.help for a in actions):
            parts.append(f"{_options(actions, title)}\n")
    if command.NAME in MONITORING:
        parts.append("Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown.\n")
    return "\n".join(parts)


def _rest(text: str) -> str:
    """Examples, which are indented, as code; the rest as it is."""
    out = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        if all(line.startswith("  ") for line in lines):
            out.append("```\n" + "\n".join(line[2:] for line in lines) + "\n```\n")
        else:
            out.append(paragraph + "\n")
    return "\n".join(out)


def _options(actions: list[argparse.Action], title: str = "option") -> str:
    rows = [f"| {title} | |", "| --- | --- |"]
    for action in actions:
        if action.help == argparse.SUPPRESS:
            continue
        name = ", ".join(f"`{_with_value(o, action)}`" for o in action.option_strings)
        name = name or f"`{_cell(_shown(action))}`"
        words = _cell(action.help or "")
        if action.choices:
            shown = str(action.metavar).split("|") if "|" in str(action.metavar) else action.choices
            words = f"{words + ': ' if words else ''}{', '.join(f'`{c}`' for c in shown)}"
        rows.append(f"| {name} | {words} |")
    return "\n".join(rows)


def _with_value(option: str, action: argparse.Action) -> str:
    if action.nargs == 0:
        return option
    return f"{option} {_metavar(action)}"


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return action.dest.upper().replace("_", "-")


def _shown(action: argparse.Action) -> str:
    name = "|".join(map(str, action.choices)) if action.choices and not action.metavar else _metavar(action)
    forms = {"*": f"[{name}…]", "+": f"{name}…", "?": f"[{name}]"}
    return forms.get(str(action.nargs), name)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("%%", "%").replace("_*", "\\_\\*")


if __name__ == "__main__":
    FILE.write_text(pages(), encoding="utf-8")
    print(FILE)
