"""Remote files through fsspec, and a real Dask scheduler with two workers."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main
from runwatch.data.cache import NoCache
from runwatch.data.errors import DataError
from runwatch.data.profile_cache import profile_files
from runwatch.data.workflow import find_files, open_reference, profile_batches
from runwatch.domain.errors import UserError
from runwatch.domain.profile import DataOptions
from runwatch.monitor.once import load


def table(n: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(size=n), "c": rng.choice(["a", "b"], n)})


def test_memory_file_system(tmp_path: Path) -> None:
    system = fsspec.filesystem("memory")
    for day in (1, 2):
        with system.open(f"/bucket/day={day}/part.parquet", "wb") as handle:
            pq.write_table(table(500, day), handle)
    with system.open("/bucket/extra.csv", "wb") as handle:
        handle.write(b"x,c\n1.5,a\n2.5,b\n")
    pq.write_table(table(2000, 0), tmp_path / "ref.parquet")
    reference = open_reference(find_files([str(tmp_path / "ref.parquet")]), DataOptions())
    files = find_files(["memory://bucket/"])
    named, _, problems = profile_batches(files, reference.grid)
    assert not problems and sorted(one.profile.rows for one in named) == [2, 500, 500]
    assert len(find_files(["memory://bucket/*/*.parquet"])) == 2
    with pytest.raises(DataError):
        find_files(["memory://bucket/none.parquet"])
    system.rm("/bucket", recursive=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def test_a_protocol_without_its_package_says_what_to_install() -> None:
    with pytest.raises(DataError, match="install"):
        find_files(["oci://bucket@ns/a.parquet"])


def test_a_local_http_server(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    pq.write_table(table(800, 1), tmp_path / "a.parquet")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        files = find_files([f"http://127.0.0.1:{server.server_port}/a.parquet"])
        reference = open_reference(files, DataOptions())
        assert reference.profile.rows == 800
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stopped(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """(dask://HOST:PORT of a real scheduler, its two worker processes)."""
    where = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where)]
    processes = [subprocess.Popen([*dask, *options], **quiet)]  # type: ignore[call-overload]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(where)]
    flags = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path / "w")]
    deadline = time.monotonic() + 60
    while not where.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    processes += [subprocess.Popen([*worker, *flags], **quiet) for _ in range(2)]  # type: ignore[call-overload]
    try:
        address = json.loads(where.read_text())["address"]
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address.replace("tcp://", "dask://"), processes[1:]
    finally:
        for process in reversed(processes):
            stopped(process)


@pytest.mark.slow
def test_a_cluster_counts_what_one_process_counts(tmp_path: Path, cluster, monkeypatch) -> None:
    from runwatch.data.dask import DaskEngine

    address, workers = cluster
    for i in range(4):
        pq.write_table(table(60_000, i), tmp_path / f"b{i}.parquet", row_group_size=5000)
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    files = find_files([str(tmp_path / f"b{i}.parquet") for i in range(4)])
    reference = open_reference(files, DataOptions())
    again = open_reference(files, DataOptions(), engine=DaskEngine(address))
    assert np.array_equal(again.profile.counts, reference.profile.counts)
    assert np.array_equal(again.profile.scalars, reference.profile.scalars)
    assert [day.profile.rows for day in again.days] == [60_000] * 4
    check = DaskEngine._check

    def check_and_lose_a_worker(engine: DaskEngine, client: object) -> None:
        check(engine, client)
        workers[0].send_signal(signal.SIGKILL)

    monkeypatch.setattr(DaskEngine, "_check", check_and_lose_a_worker)
    named, problems = profile_files(files, reference.grid, NoCache(), DaskEngine(address))
    assert not problems and sum(one.profile.rows for one in named) == 240_000


@pytest.mark.slow
@pytest.mark.usefixtures("trusting")
def test_what_looks_at_rows_happens_on_the_workers(tmp_path: Path, cluster, monkeypatch) -> None:
    """drift by segments and owners with all columns together, and quality: the client reads footers only."""
    from runwatch.data import data_file
    from runwatch.data.formats import parquet

    rng = np.random.default_rng(0)
    for name, shift in (("ref", 0.0), ("new", 1.0)):
        rows = {"x": rng.normal(size=100_000) + shift, "y": rng.normal(size=100_000)}
        rows |= {"region": rng.choice(["north", "south"], 100_000), "user": np.arange(100_000) // 50}
        pq.write_table(pa.table(rows), tmp_path / f"{name}.parquet", row_group_size=25_000)
    read = [0]

    class Counted(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            made = super().read(-1 if size is None else size)
            read[0] += len(made)
            return made

    def counted(file: data_file.DataFile) -> Counted:
        return Counted(io.FileIO(file.uri))

    monkeypatch.setattr(parquet, "open_bytes", counted)
    paths = [str(tmp_path / "ref.parquet"), str(tmp_path / "new.parquet")]
    more = ["--by", "region", "--group", "user", "--multivariate", "--json"]
    answers = []
    for engine in ([], ["--engine", cluster[0]]):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache{len(engine)}"))
        read[0] = 0
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(["drift", *paths, *more, *engine]) == 2
            config = f'[[data]]\nname = "d"\nreference = "{paths[0]}"\ncurrent = "{paths[1]}"\n'
            said = f'engine = "{engine[1]}"\n' if engine else ""
            (tmp_path / "runwatch.toml").write_text(config + said)
            (data,) = load([str(tmp_path)]).snapshot.situation.data
        assert data.latest is not None and data.latest.verdict == "drifted", data.problems
        answers.append((json.loads(out.getvalue()), read[0]))
    (here, all_bytes), (there, few_bytes) = answers
    assert here == there and len(here["segments"]) == 2 and here["multivariate"]["verdict"] == "drifted"
    assert few_bytes < 0.05 * all_bytes


@pytest.mark.slow
def test_a_worker_of_another_version_is_named(tmp_path: Path, cluster, monkeypatch) -> None:
    from runwatch import __version__
    from runwatch.data.dask import DaskEngine

    pq.write_table(table(100, 0), tmp_path / "a.parquet")
    files = find_files([str(tmp_path / "a.parquet")])
    monkeypatch.setattr("runwatch.__version__", "99.0")
    with pytest.raises(UserError, match=f"has {__version__} runwatch; on every worker: pip install"):
        open_reference(files, DataOptions(), engine=DaskEngine(cluster[0]))


def test_the_missing_extra_of_dask_is_named(tmp_path: Path, monkeypatch) -> None:
    from runwatch.data.dask import DaskEngine

    pq.write_table(table(100, 0), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"needs distributed; pip install 'runwatch\[dask\]'"):
        open_reference(
            find_files([str(tmp_path / "a.parquet")]), DataOptions(), engine=DaskEngine("dask://127.0.0.1:9")
        )


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer(tmp_path: Path) -> None:
    from runwatch.data.dask import DaskEngine

    pq.write_table(table(100, 0), tmp_path / "a.parquet")
    files = find_files([str(tmp_path / "a.parquet")])
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        open_reference(files, DataOptions(), engine=DaskEngine("dask://127.0.0.1:9"))
