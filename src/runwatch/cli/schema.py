"""``runwatch schema``."""

from __future__ import annotations

import argparse

NAME = "schema"
HELP = """Print the JSON Schema of a command's --json.

  runwatch schema check > check.schema.json
  runwatch schema                     which there are"""


def configure(parser: argparse.ArgumentParser) -> None:
    from runwatch.show.schemas import ANSWERS

    parser.add_argument("answer", nargs="?", choices=sorted(ANSWERS), help="whose")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._output import print_json
    from runwatch.show.schemas import ANSWERS, schema_of

    if args.answer is None:
        print("\n".join(sorted(ANSWERS)))
    else:
        print_json(schema_of(args.answer))
    return 0
