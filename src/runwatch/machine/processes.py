"""Which process belongs to which run, and whether it is still alive.

A process counts as a run's only if it began before the run's first event and writes a file of the run, works
in its folder, or names it on its command line. Shells, pagers, editors and viewers never count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from runwatch.domain.run import Process

if TYPE_CHECKING:
    from psutil import Process as OsProcess

WALK_EVERY = 30.0
_SAME_START = 2.0
_ONLOOKERS = frozenset((
    "sh", "bash", "zsh", "fish", "dash", "ksh", "tcsh", "tmux", "screen", "less", "more", "tail",
    "head", "cat", "grep", "rg", "vi", "vim", "nvim", "nano", "emacs", "code", "watch", "top", "htop",
    "btop", "ssh", "sshd", "rsync", "scp", "tar", "find", "du", "ls", "git", "tee", "systemd", "login",
    "su", "sudo", "tensorboard", "mlflow", "runwatch", "jupyter", "jupyter-lab", "jupyter-notebook",
    "ipykernel_launcher",
))  # fmt: skip
# a pool's worker repeats its parent's folder; the parent is the one that counts
_WORKER = "from multiprocessing."


class SearchedRun(msgspec.Struct, frozen=True):
    """A run whose process is looked for: its folder (absolute) and its first event (seconds), if known."""

    folder: str
    first_event: float | None = None


def process_of(pid: int, started: float | None, host: str = "") -> Process:
    """Whether the process ``pid`` that began at ``started`` is alive on this host. A process of that number
    that began at another time is somebody else's; a zombie is dead; None: it may not be asked."""
    import psutil

    try:
        process = psutil.Process(pid)
        born, state = process.create_time(), process.status()
    except psutil.NoSuchProcess:
        return Process(pid, host=host, started=started, alive=False, evidence="the process is gone")
    except psutil.AccessDenied:
        return Process(
            pid,
            host=host,
            started=started,
            alive=None,
            evidence="the process cannot be inspected (no permission)",
        )
    if started is not None and abs(born - started) > _SAME_START:
        return Process(
            pid,
            host=host,
            started=started,
            alive=False,
            evidence="the process is gone; its id was reused by another process",
        )
    if state == psutil.STATUS_ZOMBIE:
        return Process(
            pid, host=host, started=started, alive=False, evidence="the process has ended (a zombie)"
        )
    return Process(pid, host=host, started=born, alive=True, evidence="the process is alive")


class ProcessFinder(msgspec.Struct):
    """Finds the processes of runs. The full list is walked at most every 30 seconds, and only while a wanted
    run has none; in between those found are asked whether they live."""

    host: str = ""
    _found: dict[str, Process] = msgspec.field(default_factory=dict)
    _walked: float | None = None

    def find(self, now: float, searched: Iterable[SearchedRun]) -> Mapping[str, Process]:
        """The process of each wanted run by its folder, where one is or was known. One that has gone stays,
        ``alive`` False."""
        runs = {run.folder.rstrip("/") or "/": run for run in searched}
        self._found = {folder: self._again(old) for folder, old in self._found.items() if folder in runs}
        missing = [
            folder for folder in runs if folder not in self._found or self._found[folder].alive is False
        ]
        due = self._walked is None or now - self._walked >= WALK_EVERY or now < self._walked
        if missing and due:
            self._walked = now
            self._found.update(self._walk({folder: runs[folder] for folder in missing}))
        return dict(self._found)

    def _again(self, old: Process) -> Process:
        if old.alive is False:
            return old
        now = process_of(old.pid, old.started, self.host)
        return replace(old, alive=now.alive, evidence=old.evidence if now.alive else now.evidence)

    def _walk(self, runs: Mapping[str, SearchedRun]) -> dict[str, Process]:
        """The eldest process of each run."""
        processes: dict[str, Process] = {}
        for process, born in _candidates():
            for folder, evidence in _evidence(process, runs):
                first = runs[folder].first_event
                if first is not None and born > first + _SAME_START:
                    continue
                known = processes.get(folder)
                if known is None or (known.started or 0.0) > born:
                    processes[folder] = Process(
                        process.pid, host=self.host, started=born, alive=True, evidence=evidence
                    )
        return processes


def pids_of_runs(processes: Mapping[str, Process]) -> Mapping[int, str]:
    """The run (as ``processes`` names it) of each living process."""
    return {process.pid: name for name, process in processes.items() if process.alive}


def run_of_pid(pid: int, pids: Mapping[int, str]) -> str | None:
    """The run of ``pid`` or of the nearest process above it that has one."""
    import psutil

    if not pids:
        return None
    if pid in pids:
        return pids[pid]
    try:
        for parent in psutil.Process(pid).parents():
            if parent.pid in pids:
                return pids[parent.pid]
    except psutil.Error:
        return None
    return None


def _candidates() -> Iterator[tuple[OsProcess, float]]:
    import psutil

    ours = {os.getpid(), os.getppid()}
    for process in psutil.process_iter(["name", "create_time"]):
        name, born = process.info["name"] or "", process.info["create_time"]
        if process.pid not in ours and born is not None and name.split(":")[0] not in _ONLOOKERS:
            yield process, float(born)


def _evidence(process: OsProcess, runs: Mapping[str, SearchedRun]) -> list[tuple[str, str]]:
    """(folder, in words) for each run that this process belongs to."""
    import psutil

    try:
        words = process.cmdline()
        if not words or _looks_on(words):
            return []
        cwd = process.cwd()
        named = {os.path.normpath(os.path.join(cwd, part)) for word in words[1:] for part in _paths(word)}
    except (psutil.Error, OSError):
        return []
    evidence: dict[str, str] = {}
    for folder in _holders((cwd,), runs):
        evidence.setdefault(folder, "works in the run's folder")
    for folder in _holders(named, runs):
        evidence.setdefault(folder, "names the run's folder on its command line")
    for folder in _holders(_written(process), runs):
        evidence.setdefault(folder, "has a file of the run open for writing")
    return list(evidence.items())


def _looks_on(words: list[str]) -> bool:
    """Whether a command line is that of a viewer ("python -m tensorboard", "/usr/bin/tensorboard") or of a
    pool's worker."""
    if any(_WORKER in word for word in words[1:4]):
        return True
    programs = words[:2] + [after for word, after in pairwise(words) if word == "-m"][:1]
    return any(os.path.basename(program).partition(".")[0] in _ONLOOKERS for program in programs)


def _holders(paths: Iterable[str], runs: Mapping[str, SearchedRun]) -> Iterator[str]:
    """The runs' folders among ``paths`` and the folders above them, the nearest one for each."""
    for path in paths:
        at, parent = path, os.path.dirname(path)
        while at not in runs and at != parent:
            at, parent = parent, os.path.dirname(parent)
        if at in runs:
            yield at


def _paths(word: str) -> Iterator[str]:
    """What of a command line's word may be a path: itself, or what follows a "=" in it."""
    if len(word) < 4096 and "\n" not in word:
        yield from (part for part in (word, word.partition("=")[2]) if part and not part.startswith("-"))


def _written(process: OsProcess) -> list[str]:
    """The files that the process has open for writing (where the system tells, else all open ones)."""
    import psutil

    try:
        return [file.path for file in process.open_files() if getattr(file, "mode", "w") not in ("r", "rb")]
    except (psutil.Error, OSError):
        return []
