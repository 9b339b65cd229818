"""``runwatch demo``."""

from __future__ import annotations

import argparse

NAME = "demo"
HELP = """Open the dashboard on sample runs that keep changing: models train, data drifts, a run crashes.

A separate training program writes them into a temporary folder; they are read just as your runs are."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--no-mouse", action="store_true", help="do not capture the mouse")
    parser.add_argument("--still", action="store_true", help="only the samples; nothing changes")


def run(args: argparse.Namespace) -> int:
    import os
    import subprocess
    import sys
    import tempfile
    import time
    from pathlib import Path

    from runwatch.cli._dashboard import open_dashboard
    from runwatch.demo.copying import copy
    from runwatch.shipped import shipped
    from runwatch.ui.run import refused

    complaint = refused()
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="runwatch-demo-") as folder:
        # the demo's findings must not stay in the line of `runwatch status`
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", XDG_CACHE_HOME=f"{folder}/cache")
        target = Path(folder) / "clinic"
        copy(shipped("sample_runs"), target, time.time())
        if args.still:
            return open_dashboard([str(target)], args)
        log = Path(folder) / "writer.log"
        with log.open("wb") as out:
            writer = subprocess.Popen(
                [sys.executable, "-m", "runwatch.demo.living", str(target)],
                stdout=out,
                stderr=out,
                cwd=target,
            )
        try:
            return open_dashboard([str(target)], args)
        finally:
            writer.terminate()
            writer.wait()
