"""``runwatch schema``."""

from __future__ import annotations

import argparse

from runwatch.cli._output import print_json

NAME = "schema"
HELP = """Print the JSON Schema of a command's JSON output.

  runwatch schema check > check.schema.json"""


def configure(parser: argparse.ArgumentParser) -> None:
    from runwatch.show.schemas import ANSWERS

    names = sorted([*ANSWERS, "tail"])
    parser.add_argument("answer", choices=names, metavar="|".join(names), help="the command")


def run(args: argparse.Namespace) -> int:
    from runwatch.show.schemas import schema_of, schema_of_line

    print_json(schema_of_line() if args.answer == "tail" else schema_of(args.answer))
    return 0
