"""Finding the run that a person means."""

from __future__ import annotations

import os
from collections.abc import Sequence

from runwatch.cli import UsageError
from runwatch.domain.address import host_of, path_of, split
from runwatch.domain.run import Run
from runwatch.domain.situation import HostLink, Snapshot
from runwatch.hosts.naming import is_elsewhere
from runwatch.text.nearest import did_you_mean
from runwatch.text.safe import run_name


def resolve_run(name: str, runs: Sequence[Run], hosts: Sequence[HostLink] = ()) -> Run:
    """RUN: an exact id, else an existing path, else the name that its framework knows it by, else a unique
    ending of an id.
    Raises UsageError, naming the candidates when it is ambiguous, or the machine that did not answer."""
    address = split(name) if is_elsewhere(name) else None
    if address is not None:
        host, name = address
        runs = [run for run in runs if host_of(run.root) == host]
        name = os.path.normpath(name.removeprefix("~/"))
        whole = [run for run in runs if _whole(run).endswith(f"/{name}".replace("//", "/"))]
        if len(whole) == 1:
            return whole[0]
    exact = [run for run in runs if name == run_name(run.id)] or [run for run in runs if name == run.id]
    if len(exact) == 1:
        return exact[0]
    path = os.path.realpath(name)
    by_path = [run for run in runs if host_of(run.root) is None and _whole(run) == path]
    if len(by_path) == 1:
        return by_path[0]
    called = [run for run in runs if name in (run.name, run_name(run.name)) and name]
    matches = exact or by_path or called or [run for run in runs if run_name(run.id).endswith(name)]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        for link in hosts:
            if link.message:
                raise UsageError(link.message)
        if os.path.isfile(name):
            raise UsageError(
                f"{name} is no run; predictions are read from parquet, CSV, JSON Lines, Arrow and ORC, "
                "metrics from JSON and YAML"
            )
        raise UsageError(f"{name}: no such run; {_near(name, runs)}`runwatch ls` lists them")
    listed = ", ".join(sorted(os.path.join(run.root, run_name(run.id)) for run in matches)[:10])
    alike = "have that name" if matches is called else "end like that"
    raise UsageError(f"{name}: {len(matches)} runs {alike}: {listed}; write more of the id, or --root")


def runs_below(roots: Sequence[str], config_file: str | None) -> Snapshot:
    """All runs of these roots, on whatever machine; nothing is judged."""
    from runwatch.hosts.loading import load
    from runwatch.monitor.wanted import Wanted

    return load(roots, config_file, Wanted(data=False, judging=False, machine=False)).snapshot


def _near(name: str, runs: Sequence[Run]) -> str:
    """What a mistyped name may have meant, "" for nothing alike."""
    shown = {run_name(word) for run in runs for word in (run.title, run.id, run.id.rpartition("/")[2])}
    question = did_you_mean(name, sorted(shown), 0.7, str)
    return f"{question} " if question else ""


def _whole(run: Run) -> str:
    """A run's path on its machine."""
    return os.path.normpath(os.path.join(path_of(run.root), run.id))


def roots_for(name: str, config_file: str | None) -> list[str]:
    """Where to look for RUN when no root is given: the configured roots, else here; for a path outside
    of here, the folder above it (of a run within a file, ``store.db#name``, the file's)."""
    from runwatch.config import configured_roots

    if is_elsewhere(name):
        return [name.rpartition("/")[0] or f"{(split(name) or ('',))[0]}:"]
    configured = configured_roots(config_file)
    if configured:
        return list(configured)
    path, _, inside = os.path.realpath(name).partition("#")
    here = os.getcwd()
    if (os.path.isfile(path) if inside else os.path.isdir(path)) and os.path.commonpath((path, here)) != here:
        return [os.path.dirname(path)]
    return [here]
