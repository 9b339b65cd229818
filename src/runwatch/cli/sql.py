"""``runwatch sql``."""

from __future__ import annotations

import argparse

from runwatch.cli import UsageError
from runwatch.cli._options import formats, root_arguments
from runwatch.cli._output import print_json, terminal_width

NAME = "sql"
HELP = """Query runs, metrics, verdicts, findings, drift, tasks and their history with SQL. Read only.

  runwatch sql "select run, last from metrics where metric = 'val/loss' order by last" ~/runs
  runwatch sql "select date(at) as day, what, count(*) from history group by 1, 2" --format csv
  runwatch sql "select * from points where run = 'exp-17'" --output exp-17.parquet"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="SELECT", help="one SELECT; the tables are in docs/sql.md")
    root_arguments(parser)
    formats(parser, "text", "json", "csv", "markdown")
    parser.add_argument("--output", metavar="FILE", help="write the rows to FILE: .parquet or .csv")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.loading import load, remote_history
    from runwatch.monitor.session import history_of, remarks_of
    from runwatch.show.sql import query
    from runwatch.show.tabular import render
    from runwatch.text.jsonable import SCHEMA, plain

    loaded = load(args.roots, args.config, all_hosts=args.all_hosts)
    history = [*history_of(loaded), *remote_history(loaded)]
    answer = query(args.query, loaded.snapshot, history, loaded.series, remarks_of(loaded))
    if args.output:
        return _write(args.output, answer.columns, answer.rows)
    if args.format == "json":
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        print_json({"schema": SCHEMA, "columns": list(answer.columns), "rows": plain(rows)})
    else:
        cells = [["" if cell is None else str(cell) for cell in row] for row in answer.rows]
        print(render(answer.columns, cells, args.format, terminal_width()))
    return 0


def _write(path: str, columns: object, rows: object) -> int:
    from pathlib import Path

    import pandas as pd

    from runwatch.system.saving import save

    if not path.endswith((".parquet", ".csv")):
        raise UsageError(f"--output {path}: give a name that ends in .parquet or .csv")
    frame = pd.DataFrame(rows, columns=columns)
    write = frame.to_parquet if path.endswith(".parquet") else frame.to_csv
    save(Path(path), lambda file: write(file, index=False))
    return 0
