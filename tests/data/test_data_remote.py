"""Data behind URLs: real S3, SFTP and HTTP servers, and what is said when they do not answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_command import drift
from neighbours import SSHD, http_server, sftp_server

from runwatch.cli import main
from runwatch.monitor.once import load

needs_sshd = pytest.mark.skipif(SSHD is None, reason="openssh-server is not installed")


def table(seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(size=2000) + shift, "c": rng.choice(["a", "b"], 2000)})


def as_bytes(data: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(data, out)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    (files / "new").mkdir(parents=True)
    pq.write_table(table(0), files / "ref.parquet")
    pq.write_table(table(1), files / "new" / "2026-01-01.parquet")
    pq.write_table(table(2, 1.0), files / "new" / "2026-01-02.parquet")
    return files


def verdicts(reference: str, *current: str) -> dict[str, str]:
    code, report, said = drift(reference, *current)
    assert code < 3, said
    return {name: column["verdict"] for name, column in report["columns"].items()}


MOVED = {"x": "drifted", "c": "stable"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of an empty S3 server with a bucket called ``bucket``."""
    moto = pytest.importorskip("moto.server", reason="moto and flask are not installed")
    pytest.importorskip("s3fs", reason="the extra runwatch[remote] is not installed")
    import boto3

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    before = dict(os.environ)
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ENDPOINT_URL="http://{}:{}".format(*server.get_host_and_port()),
    )
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    for key, data in {
        "ref.parquet": table(0),
        "new/2026-01-02.parquet": table(2, 1.0),
        "t/region=N%20O/p.parquet": table(3),
    }.items():
        client.put_object(Bucket="bucket", Key=key, Body=as_bytes(data))
    try:
        yield client
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()


def forget_connections() -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("current", ["new/", "new/2026-01-02.parquet", "new/*.parquet", "*/2026*.parquet"])
def test_s3_files_folders_and_globs(s3, current: str) -> None:
    assert verdicts("s3://bucket/ref.parquet", f"s3://bucket/{current}") == MOVED


def test_what_is_in_an_s3_path_is_data(s3) -> None:
    _, report, _ = drift("s3://bucket/ref.parquet", "s3://bucket/t/")
    assert "region" in report["columns"]


def test_a_presigned_url_is_read_and_its_signature_is_not_shown(s3, capsys) -> None:
    wanted = {"Bucket": "bucket", "Key": "new/2026-01-02.parquet"}
    signed = s3.generate_presigned_url("get_object", Params=wanted)
    assert "Signature=" in signed
    assert verdicts("s3://bucket/ref.parquet", signed) == MOVED
    main(["drift", "s3://bucket/ref.parquet", signed, "--json"])
    signature = signed.split("Signature=")[1].split("&")[0]
    shown = capsys.readouterr()
    assert "2026-01-02.parquet" in shown.out and signature not in shown.out + shown.err
    main(["drift", "s3://bucket/ref.parquet", signed.replace("2026-01-02", "2026-01-03")])
    shown = capsys.readouterr()
    assert "does not exist" in shown.err and signature not in shown.err


@pytest.mark.parametrize("name", ["s3://bucket/none.parquet", "s3://bucket/none/", "s3://nobucket/x/"])
def test_what_is_not_in_s3(s3, name: str) -> None:
    code, _, said = drift("s3://bucket/ref.parquet", name)
    assert code == 3 and f"{name}: does not exist" in said


def test_wrong_credentials_of_s3(s3) -> None:
    from moto.core import set_initial_no_auth_action_count

    forget_connections()
    ask = set_initial_no_auth_action_count(0)(drift)
    code, _, said = ask("s3://bucket/ref.parquet", "s3://bucket/new/")
    forget_connections()
    assert code == 3 and "access is denied" in said and "check the credentials" in said


def test_no_credentials_and_no_endpoint(s3, monkeypatch, tmp_path: Path) -> None:
    forget_connections()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    code, _, said = drift("s3://bucket/ref.parquet", "s3://bucket/new/")
    assert code == 3 and "cannot be reached" in said and "whether its server answers" in said
    forget_connections()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, _, said = drift("s3://bucket/ref.parquet", "s3://bucket/new/")
    assert code == 3 and "access is denied" in said
    forget_connections()


@pytest.mark.usefixtures("trusting")
def test_a_bucket_is_listed_again_and_only_what_is_new_is_read(s3, tmp_path: Path) -> None:
    (tmp_path / "runwatch.toml").write_text(
        '[[data]]\nname = "d"\nreference = "s3://bucket/ref.parquet"\ncurrent = "s3://bucket/feed/"\n'
    )
    s3.put_object(Bucket="bucket", Key="feed/1.parquet", Body=as_bytes(table(5)))

    def batches() -> dict[str, str]:
        (data,) = load([str(tmp_path)]).snapshot.situation.data
        assert not data.problems
        return {batch.name.rpartition("/")[2]: data.latest.verdict for batch in data.batches}

    assert batches() == {"1.parquet": "stable"}
    s3.put_object(Bucket="bucket", Key="feed/2.parquet", Body=as_bytes(table(6, 1.0)))
    assert batches() == {"1.parquet": "drifted", "2.parquet": "drifted"}  # the set's newest is drifted
    s3.put_object(Bucket="bucket", Key="feed/2.parquet", Body=as_bytes(table(7)))
    assert batches() == {"1.parquet": "stable", "2.parquet": "stable"}


@needs_sshd
@pytest.mark.parametrize("kind", ["sftp", "ssh"])
def test_sftp_as_ssh_would_log_in(folder: Path, tmp_path: Path, monkeypatch, kind: str) -> None:
    pytest.importorskip("paramiko", reason="the extra runwatch[remote] is not installed")
    with sftp_server(tmp_path) as (port, home, end_sessions):
        monkeypatch.setenv("HOME", str(home))
        here, alias = f"{kind}://127.0.0.1:{port}{folder}", f"{kind}://files{folder}"
        assert verdicts(f"{here}/ref.parquet", f"{here}/new/") == MOVED
        assert verdicts(f"{alias}/ref.parquet", f"{alias}/new/*-02.parquet") == MOVED
        end_sessions()
        code, _, said = drift(f"{here}/ref.parquet", f"{here}/none.parquet")
        assert code == 3 and "does not exist" in said
        (home / ".ssh" / "config").write_text("Host far\n ProxyJump files\n")
        code, _, said = drift(f"{here}/ref.parquet", f"{kind}://far{folder}/new/")
        assert code == 3 and "through another machine" in said
    code, _, said = drift(folder / "ref.parquet", f"{here}/new/")
    assert code == 3 and "cannot be reached" in said


@needs_sshd
def test_sftp_trusts_no_host_that_is_not_known_and_says_who_is_denied(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    pytest.importorskip("paramiko", reason="the extra runwatch[remote] is not installed")
    with sftp_server(tmp_path) as (port, home, _):
        monkeypatch.setenv("HOME", str(home))
        url = f"sftp://127.0.0.1:{port}{folder}/new/"
        own = home / ".ssh"
        known = (own / "known_hosts").read_text()
        (own / "known_hosts").write_text("")
        assert "whose key is unknown" in drift(folder / "ref.parquet", url)[2]
        other = (own / "id_ed25519.pub").read_text()
        (own / "known_hosts").write_text(f"[127.0.0.1]:{port} {other}")
        assert "whose key is unknown" in drift(folder / "ref.parquet", url)[2]
        (own / "known_hosts").write_text(known)
        (own / "id_ed25519").unlink()
        said = drift(folder / "ref.parquet", url.replace("sftp://", "sftp://someone:geheim@"))[2]
        assert "access is denied" in said and "geheim" not in said


@pytest.mark.parametrize("kind", [{}, {"sized": False}, {"dated": False}, {"sized": False, "dated": False}])
def test_http_servers_that_say_much_and_little(folder: Path, kind: dict[str, bool]) -> None:
    pytest.importorskip("aiohttp", reason="the extra runwatch[remote] is not installed")
    with http_server(folder, **kind) as (address, _):
        assert verdicts(f"{address}/ref.parquet", f"{address}/new/2026-01-02.parquet") == MOVED
        assert verdicts(f"{address}/ref.parquet", f"{address}/new/") == MOVED


@pytest.mark.parametrize(
    ("status", "said"), [(401, "access is denied"), (403, "access is denied"), (500, "cannot be reached")]
)
def test_http_servers_that_refuse(folder: Path, status: int, said: str) -> None:
    pytest.importorskip("aiohttp", reason="the extra runwatch[remote] is not installed")
    with http_server(folder, denied=status) as (address, _):
        for current in ("new/2026-01-02.parquet", "new/"):
            code, _, words = drift(folder / "ref.parquet", f"{address}/{current}")
            assert code == 3 and said in words, words


def test_an_http_server_that_is_down(folder: Path) -> None:
    pytest.importorskip("aiohttp", reason="the extra runwatch[remote] is not installed")
    with http_server(folder) as (address, _):
        pass
    code, _, said = drift(folder / "ref.parquet", f"{address}/new/2026-01-02.parquet")
    assert code == 3 and "cannot be reached" in said


def test_a_file_that_did_not_change_is_not_fetched_again(folder: Path) -> None:
    pytest.importorskip("aiohttp", reason="the extra runwatch[remote] is not installed")
    with http_server(folder) as (address, handler):
        name = f"{address}/new/2026-01-02.parquet"
        assert verdicts(f"{folder}/ref.parquet", name) == MOVED
        handler.asked.clear()
        assert verdicts(f"{folder}/ref.parquet", name) == MOVED
        assert {method for method, _ in handler.asked} == {"HEAD"}
        pq.write_table(table(3), folder / "new" / "2026-01-02.parquet")
        later = time.time() + 60
        os.utime(folder / "new" / "2026-01-02.parquet", (later, later))
        assert verdicts(f"{folder}/ref.parquet", name) == {"x": "stable", "c": "stable"}


@pytest.mark.parametrize(
    ("name", "url"),
    [("paramiko", "sftp://h/a"), ("s3fs", "s3://b/a"), ("aiohttp", "http://h/a"), ("fsspec", "s3://b/a")],
)
def test_the_package_that_is_missing_is_named(folder: Path, name: str, url: str) -> None:
    script = "import sys; sys.modules[sys.argv[1]] = None; from runwatch.cli import main; main(sys.argv[2:])"
    command = [sys.executable, "-c", script, name, "drift", str(folder / "ref.parquet"), f"{url}.parquet"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert f"needs {name}; pip install 'runwatch[remote]'" in said
