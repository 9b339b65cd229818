"""``runwatch mcp``."""

from __future__ import annotations

import argparse

from runwatch.cli._options import local_roots
from runwatch.domain.errors import UserError

NAME = "mcp"
HELP = """Serve ls, show, check, drift, compare, brief and tasks to an agent (Model Context Protocol, stdio).

  runwatch mcp ~/runs                    read only
  runwatch mcp ~/runs --allow-tasks      may also add and finish tasks"""


def configure(parser: argparse.ArgumentParser) -> None:
    local_roots(parser, "folders that may be queried (default: current folder)")
    parser.add_argument("--allow-tasks", action="store_true", help="let the agent add and finish tasks")


def run(args: argparse.Namespace) -> int:
    from runwatch.monitor.once import resolve_roots

    roots = resolve_roots(args.roots, args.config)
    try:
        from runwatch.cli._mcp_server import serve
    except ImportError as error:
        raise UserError(
            f"mcp: {error.name or 'the SDK'} is not installed; pip install 'runwatch[mcp]'"
        ) from None
    serve(roots, args.config, args.allow_tasks)
    return 0
