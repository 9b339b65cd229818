"""There, where nothing is installed: sends listings and pieces of files, on request, over standard output.

Runs on any Python 3.6 or later with its standard library alone; this file's text is sent over the link and
never stored there. A request is a line of JSON on standard input; an answer is a line of JSON that says how
many bytes of zlib data follow. Reads only; ends with its input, or its silence."""

# ruff: noqa: UP
import json
import os
import select
import stat
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Any

SILENCE_S = 60
MOST_FILES = 200000
SKIP = {".git", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints", ".cache"}


def walk(root: str) -> Any:
    """{path: (size, mtime in ns, inode)} of regular files; links to folders are not followed."""
    files = {}  # type: Any
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(os.path.join(root, folder)))
        except OSError:
            if not folder:
                raise
            continue
        for entry in entries:
            path = folder + "/" + entry.name if folder else entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in SKIP:
                        waiting.append(path)
                    continue
                known = entry.stat()
            except OSError:
                continue
            if stat.S_ISREG(known.st_mode):
                files[path] = (known.st_size, known.st_mtime_ns, known.st_ino)
                if len(files) >= MOST_FILES:
                    return files
    return files


def opened(root: str, path: str) -> Any:
    """A file descriptor of a regular file."""
    file = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    known = os.fstat(file)
    if not stat.S_ISREG(known.st_mode):
        os.close(file)
        raise OSError("not a regular file")
    return file, known


def piece(file: int, size: int, start: int) -> bytes:
    """``size`` bytes at ``start``; fewer at the end."""
    parts = []
    while size > 0:
        part = os.pread(file, min(size, 1 << 20), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
        size -= len(part)
    return b"".join(parts)


GPU_COLUMNS = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw"


def disks(paths: Any) -> object:
    """(mount, device, used, free, share of free inodes, read-only) of each device once."""
    mounts = {}  # type: Any
    for path in paths:
        try:
            path = os.path.realpath(os.path.expanduser(path))
            device = os.stat(path).st_dev
            while not os.path.ismount(path):
                path = os.path.dirname(path)
            known = os.statvfs(path)
        except OSError:
            continue
        if known.f_blocks:
            size = known.f_frsize
            used, free = (known.f_blocks - known.f_bfree) * size, known.f_bavail * size
            inodes = known.f_favail / known.f_files if known.f_files else None
            mounts.setdefault(device, (path, device, used, free, inodes, bool(known.f_flag & 1)))
    return list(mounts.values())


def gpus() -> str:
    """What nvidia-smi writes, "" where there is none."""
    command = ["nvidia-smi", "--query-gpu=" + GPU_COLUMNS, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


class MirrorServer:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.listed = {}  # type: Any

    def list(self, request: Any) -> None:
        """What changed since the last listing of this root."""
        root = os.path.realpath(os.path.expanduser(request["root"]))
        began = time.time()
        files = walk(root)
        before = self.listed.get(root, {})
        changed = [[path, *known] for path, known in files.items() if before.get(path) != known]
        gone = [path for path in before if path not in files]
        self.listed[root] = files
        took = time.time() - began
        self.answer(
            {"root": root, "now": time.time(), "took": took, "full": len(files) >= MOST_FILES},
            json.dumps([changed, gone]).encode("ascii"),
        )

    def machine(self, request: Any) -> None:
        """Processors, load, the disks below the roots, GPUs."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        reading = {"cores": cores, "load": os.getloadavg(), "gpus": gpus() if request["gpus"] else ""}
        reading["disks"] = disks(request["roots"] + [tempfile.gettempdir(), "~"])
        self.answer({}, json.dumps(reading).encode("ascii"))

    def heads(self, request: Any) -> None:
        """First and last bytes of files: lengths in the line, bytes one after the other."""
        lengths, parts = [], []
        for path in request["files"]:
            try:
                file, known = opened(request["root"], path)
            except OSError:
                lengths.append([0, 0, 0])
                continue
            try:
                head = piece(file, request["head"], 0)
                rest = max(known.st_size - request["tail"], len(head))
                tail = piece(file, request["tail"], rest)
            except OSError:
                head, tail, rest = b"", b"", 0
            finally:
                os.close(file)
            lengths.append([len(head), len(tail), rest])
            parts += [head, tail]
        self.answer({"lengths": lengths}, b"".join(parts))

    def get(self, request: Any) -> None:
        """A file from ``offset``, if its first and last bytes before that have these CRCs, else from 0."""
        file, known = opened(request["root"], request["file"])
        try:
            start = request["offset"]
            near = min(start, 64)
            same = (
                start <= known.st_size
                and [
                    zlib.crc32(piece(file, min(start, 1024), 0)),
                    zlib.crc32(piece(file, near, start - near)),
                ]
                == request["crc"]
            )
            start = start if same else 0
            data = piece(file, min(request["most"], known.st_size - start), start)
            after = os.fstat(file)
        finally:
            os.close(file)
        self.answer(
            {
                "start": start,
                "size": after.st_size,
                "mtime": after.st_mtime_ns,
                "inode": after.st_ino,
                "still": known.st_mtime_ns == after.st_mtime_ns,
            },
            data,
        )


def main() -> None:
    source, sink = sys.stdin.buffer, sys.stdout.buffer

    def answer(header: Any, data: bytes = b"") -> None:
        packed = zlib.compress(data, 6)
        header["bytes"] = len(packed)
        sink.write(json.dumps(header).encode("ascii") + b"\n" + packed)
        sink.flush()

    mirror = MirrorServer(answer)
    answer({"python": sys.version.split()[0], "now": time.time()})
    buffered = b""
    while True:
        while b"\n" not in buffered:
            if not select.select([source], [], [], SILENCE_S)[0]:
                return
            data = os.read(source.fileno(), 1 << 16)
            if not data:
                return
            buffered += data
        line, _, buffered = buffered.partition(b"\n")
        request = json.loads(line.decode("ascii"))
        try:
            getattr(mirror, request["do"])(request)
        except OSError as error:
            answer({"error": error.strerror or str(error)})


if __name__ == "__main__":
    main()
