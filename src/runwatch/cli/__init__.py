"""The command line: names here, one file a command, each imported only when it is called."""

from __future__ import annotations

import argparse
import errno
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from typing import NoReturn, Protocol

from runwatch.domain.errors import UserError

MONITORING = {"check", "drift", "quality", "compare"}
_READ_TABLES = {"brief", "check", "compare", "drift", "init", "quality"}
_WITH_VALUE = {"--config", "--theme"}


class Command(Protocol):
    NAME: str
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class Parser(argparse.ArgumentParser):
    """argparse with runwatch's error messages and exit codes."""

    usage_code = 2
    complain: Callable[[str], None] | None = None

    def error(self, message: str) -> NoReturn:
        from runwatch.text.safe import safe

        self.print_usage(sys.stderr)
        complaint = safe(message.removeprefix("argument ")) + self._near(message)
        if self.complain is not None:
            self.complain(complaint)
        self.exit(self.usage_code, f"runwatch: {complaint}; see {self.prog} --help\n")

    def _near(self, message: str) -> str:
        """What a mistyped option may have meant, "" for nothing alike."""
        from runwatch.text.nearest import did_you_mean

        word = message.removeprefix("unrecognized arguments: ").split("=")[0]
        known = [option for action in self._actions for option in action.option_strings]
        mistyped = word != message and word.startswith("--")
        question = did_you_mean(word, known, shown=str) if mistyped else ""
        return f"; {question}" if question else ""


def command_names() -> list[str]:
    """The commands: every module here without a leading underscore."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point: runs a command, or the dashboard, and gives its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _use_utf8()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy starts one a core; refused one, it ends us
    try:
        return _dispatch(arguments, alone=argv is None)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _dispatch(arguments: list[str], alone: bool) -> int:
    """``alone``: the process is for this command only, and may be doubled."""
    leading, rest = _leading_options(arguments)
    name = rest[0] if rest else None
    if name not in command_names():
        code = _run(import_module("runwatch.cli._dashboard"), leading + rest)
        return _end(code) if alone else code
    command, arguments = import_module(f"runwatch.cli.{name}"), rest[1:] + leading
    if not alone or name not in _READ_TABLES or not {"-h", "--help"}.isdisjoint(arguments):
        return _run(command, arguments)
    from runwatch.cli._guardian import guarded

    return guarded(lambda: _run(command, arguments), lambda what: _complain(command, what, arguments))


def _end(code: int) -> NoReturn:
    """End the process as it is: Python would take ten thousand runs apart object by object, for seconds in
    which the terminal waits."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _leading_options(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Options before the command's name may stand after it as well: split them off."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-") and arguments[index] != "--":
        if arguments[index] in ("-h", "--help", "--version"):
            break
        index += 2 if arguments[index] in _WITH_VALUE else 1
    return arguments[:index], arguments[index:]


def _run(command: Command, arguments: list[str]) -> int:
    parser = Parser(
        prog=f"runwatch {command.NAME}".strip(),
        description=command.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.usage_code = 3 if command.NAME in MONITORING else 2
    parser.complain = lambda words: _print_unknown(command, words, arguments)
    command.configure(parser)
    common_options(parser)
    # options may stand between words; argparse loses a "--" on that way
    parse = parser.parse_args if "--" in arguments else parser.parse_intermixed_args
    args = parse(arguments)
    if args.no_color:
        os.environ["NO_COLOR"] = "1"
    try:
        return command.run(args)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:  # the border to the shell: no traceback unless asked for
        if args.debug:
            raise
        return _complain(command, error, arguments)


def _complain(command: Command, error: Exception, arguments: Sequence[str]) -> int:
    from runwatch.text.safe import safe

    known, text = isinstance(error, UserError), explained(error)
    with suppress(OSError):  # where stdout is what failed, stderr still says it
        _print_unknown(command, text, arguments)
    print("runwatch: " + "\n".join(safe(line) for line in text.splitlines()), file=sys.stderr)
    if command.NAME in MONITORING:
        return 3
    return 2 if known else 1


def _print_unknown(command: Command, reason: str, arguments: Sequence[str]) -> None:
    """On stdout, for programs that read nothing else: a plugin's line, or JSON where that was asked for."""
    spellings = [*arguments, *map("=".join, pairwise(arguments))]
    as_json = "--json" in spellings or "--format=json" in spellings
    if (unknown := getattr(command, "unknown", None)) is not None:
        unknown(reason, as_json)
    elif as_json and command.NAME in MONITORING:
        from runwatch.cli._output import print_json
        from runwatch.text.jsonable import SCHEMA, hparams

        print_json({"schema": SCHEMA, "verdict": "unknown", "error": hparams(reason)})


def explained(error: Exception) -> str:
    """An error as people read it."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.filename or 'output'}: cannot be written: {error.strerror}; free some space"
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename}: {error.strerror}; check its permissions"
    return f"internal error: {error!r}; run again with --debug and report what it prints"


class UsageError(UserError):
    """A command that cannot be carried out as it was given; the text is the whole message."""


def common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every command takes."""
    from runwatch import __version__

    group = parser.add_argument_group("common options")
    group.add_argument("--config", metavar="FILE", help="configuration (default: ROOT/runwatch.toml)")
    group.add_argument("--theme", metavar="NAME", help="the dashboard's colour theme")
    group.add_argument("--no-color", action="store_true", help="no colours (same as NO_COLOR=1)")
    group.add_argument("-q", "--quiet", action="store_true", help="print less")
    group.add_argument("-v", "--verbose", action="count", default=0, help="print more")
    group.add_argument("--debug", action="store_true", help="show tracebacks")
    group.add_argument("--version", action="version", version=f"runwatch {__version__}")


def _use_utf8() -> None:
    """UTF-8 on the way out, whatever the locale; what cannot be encoded is shown, not fatal."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
