"""Bytes that nobody meant, given to everything that reads files: ``make fuzz``, outside CI.

Each target starts from real files (fixtures and samples of this repository), changes some bytes, and holds
the code to its word: its own errors and problems, no other exception, no hang, no great memory. Hypothesis
shrinks what fails to the smallest change, prints it, and keeps it; a finding is to become a test."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import functools
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

HERE = Path(__file__).resolve().parent.parent
CORPUS = ("tests/fixtures/runs", "tests/fixtures/media", "tests/fixtures/writers", "sample_runs")
LARGEST_SEED, LARGEST_RUN, HANG_S, MOST_MEMORY = 200_000, 1_000_000, 60, 3 << 30
NASTY = (b"\0", b"\xff\xff\xff\xff", b"[" * 40, b"nan", b"1e999")
EDITS = st.lists(
    st.tuples(
        st.sampled_from(("set", "cut", "insert", "repeat", "swap")),
        st.integers(0, LARGEST_SEED),
        st.integers(1, 64),
        st.one_of(st.binary(max_size=16), st.sampled_from(NASTY)),
    ),
    min_size=1,
    max_size=6,
)
Edit = tuple[str, int, int, bytes]


def changed(data: bytes, edits: list[Edit]) -> bytes:
    """``data`` with the edits made one after the other."""
    for how, at, length, new in edits:
        at = at % (len(data) + 1)
        piece = data[at : at + length]
        middles = {"set": new, "cut": b"", "insert": new + piece, "repeat": piece * 9, "swap": piece[::-1]}
        data = data[:at] + middles[how] + data[at + length :]
    return data


def seeds(*endings: str) -> list[tuple[str, bytes]]:
    """(path in the repository, bytes) of the corpus: what real tools wrote, files with these endings if any
    are given."""
    found = []
    for path in (path for folder in CORPUS for path in sorted((HERE / folder).rglob("*"))):
        if path.is_file() and path.stat().st_size <= LARGEST_SEED and path.name.endswith(endings or ("",)):
            found.append((str(path.relative_to(HERE)), path.read_bytes()))
    return found


def readers(name: str, data: bytes) -> None:
    """Every run reader: the run that a changed file belongs to is read to the end, and what is beside it."""
    from runwatch.config.settings import Settings
    from runwatch.monitor.reading import RootReader
    from runwatch.readers.registry import built_in

    corpus = next(folder for folder in CORPUS if name.startswith(folder + "/"))
    run, *below = Path(name).relative_to(corpus).parts
    with tempfile.TemporaryDirectory() as root:
        if below and _size(HERE / corpus / run) <= LARGEST_RUN:
            shutil.copytree(HERE / corpus / run, Path(root, run))
        changed_file = Path(root, run, *below)
        changed_file.parent.mkdir(parents=True, exist_ok=True)
        changed_file.write_bytes(data)
        reader = RootReader(root, Settings(), dict(built_in()))
        reader.scan()
        while reader.waiting:
            reader.read_some(lambda: False)
        told = [source for entry in reader.entries.values() for source in entry.memory.sources.values()]
        problems = [*reader.problems, *(problem for source in told for problem in source.problems)]
        assert not [problem for problem in problems if " failed: " in problem.message], problems


@functools.cache
def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def tables(name: str, data: bytes) -> None:
    """Every table format, to the profile."""
    from runwatch.data.errors import DataError
    from runwatch.data.workflow import find_files, open_reference
    from runwatch.domain.profile import DataOptions

    with tempfile.TemporaryDirectory() as root:
        path = Path(root, Path(name).name)
        path.write_bytes(data)
        try:
            open_reference(find_files([str(path)]), DataOptions())
        except DataError:
            return


def lakes(name: str, data: bytes) -> None:
    """What a table folder says of itself."""
    from runwatch.data.errors import DataError
    from runwatch.data.files import resolve

    writer, table, *below = Path(name).relative_to("tests/fixtures/writers").parts
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, table)
        shutil.copytree(HERE / "tests" / "fixtures" / "writers" / writer / table, folder)
        Path(folder, *below).write_bytes(data)
        try:
            assert all(file.uri.startswith(str(folder)) for file in resolve(str(folder)))
        except DataError:
            return


def todo(name: str, data: bytes) -> None:
    """A to-do file: what is not edited comes back byte for byte."""
    from runwatch.tasks.document import Document

    assert Document.decode(data).encode() == data


def configuration(name: str, data: bytes) -> None:
    from runwatch import config

    with tempfile.TemporaryDirectory() as root:
        Path(root, "runwatch.toml").write_bytes(data)
        try:
            found = config.load((root,))[root]
        except config.ConfigError:
            return
        assert not found.alerts.urls and not found.models and not found.watch.follow


def expression(name: str, data: bytes) -> None:
    from runwatch.rules.expression.parser import parse
    from runwatch.rules.expression.tokens import ExpressionError

    try:
        parse(data.decode("utf-8", "replace"))
    except ExpressionError:
        return


def filters(name: str, data: bytes) -> None:
    """A filter of runs: it passes or refuses any run, and completes."""
    from runwatch.text.run_filter import completions, parse

    text = data.decode("utf-8", "replace")
    assert parse(text) is not None
    completions(text, [])


def numbers(name: str, data: bytes) -> None:
    """A metrics file."""
    from runwatch.data.errors import DataError
    from runwatch.data.number_files import load_numbers

    with tempfile.TemporaryDirectory() as root:
        for ending in (".json", ".yaml"):
            Path(root, f"m{ending}").write_bytes(data)
            with contextlib.suppress(DataError):
                load_numbers(str(Path(root, f"m{ending}")))


def frames(name: str, data: bytes) -> None:
    """What comes over a link from another machine."""
    from runwatch.hosts import messages
    from runwatch.hosts.wire import Inward, WireError, decoder

    decode = decoder(
        messages.Hello | messages.RootsOpened | messages.RequestRefused | messages.Reply | messages.Update
    )
    try:
        for message in Inward().feed(data):
            decode(message)
    except WireError:
        return


def _frames() -> list[tuple[str, bytes]]:
    from runwatch.hosts.wire import Outward

    out = bytearray()
    wire = Outward(out.extend)
    for message in (
        {"type": "pong", "seen": 1},
        {"type": "refused", "why": "no"},
        {"type": "update", "runs": {}},
    ):
        wire.send(message)
    return [("frames", bytes(out))]


TARGETS: dict[str, tuple[Callable[[str, bytes], None], Callable[[], list[tuple[str, bytes]]]]] = {
    "readers": (readers, seeds),
    "tables": (
        tables,
        lambda: seeds(".parquet", ".csv", ".tsv", ".arrow", ".feather", ".orc", ".jsonl", ".json", ".gz"),
    ),
    "lakes": (lakes, lambda: [seed for seed in seeds(".json", ".avro") if _is_of_table(seed[0])]),
    "todo": (todo, lambda: [("todo.txt", b"(A) 2026-11-30 call Ana +churn due:2026-12-01\r\nx done\n")]),
    "configuration": (configuration, lambda: [("c", path.read_bytes()) for path in _pages()]),
    "expression": (expression, lambda: [("e", b"val/loss > 0.5 for 10m and not (lr < 1e-3) on exp/*")]),
    "filters": (
        filters,
        lambda: [("f", b"status:crashed !debug /seed-\\d/ val/loss<0.3 lr=1e-3 age<2d tag:f1,auc")],
    ),
    "numbers": (numbers, lambda: seeds(".json", ".yaml")),
    "frames": (frames, _frames),
}


def _is_of_table(name: str) -> bool:
    return name.startswith("tests/fixtures/writers/") and any(
        part in name for part in ("/_delta_log/", "/metadata/", "state.json")
    )


def _pages() -> Iterator[Path]:
    yield from HERE.glob("**/runwatch.toml")


def fuzz(target: str, minutes: float) -> tuple[int, bool]:
    """Run one target for so long, or to its first finding: the number of examples, and whether all passed."""
    run, corpus = TARGETS[target]
    known = corpus()
    count, end = 0, time.monotonic() + 60 * minutes
    last = HERE / ".hypothesis" / "fuzz" / f"last-{target}"
    last.parent.mkdir(parents=True, exist_ok=True)

    @settings(
        max_examples=200,
        deadline=None,
        database=DirectoryBasedExampleDatabase(str(HERE / ".hypothesis" / "fuzz" / target)),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(seed=st.sampled_from(range(len(known))), edits=EDITS)
    def once(seed: int, edits: list[Edit]) -> None:
        nonlocal count
        count += 1
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        name, data = known[seed]
        last.write_bytes(data := changed(data, edits))  # what ended a parser by a signal can still be seen
        run(name, data)
        faulthandler.cancel_dump_traceback_later()

    while time.monotonic() < end:
        try:
            once()
        except Exception:
            traceback.print_exc()
            return count, False
    return count, True


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="what to fuzz (default: all)")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    args = parser.parse_args()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    with tempfile.TemporaryDirectory() as home:
        for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = home
        clean = [_told(target, args.minutes) for target in args.targets or TARGETS]
    return 0 if all(clean) else 1


def _told(target: str, minutes: float) -> bool:
    began = time.monotonic()
    count, clean = fuzz(target, minutes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    word = "nothing found" if clean else "FOUND, see above"
    print(
        f"{target}: {count} examples in {time.monotonic() - began:.0f} s, peak {peak} MB: {word}", flush=True
    )
    return clean


if __name__ == "__main__":
    sys.exit(main())
