"""Here: copies of the files of a machine that has only python3, so far as our readers claim them.

Three folders a root, below the cache directory: ``listed`` has every file's name, size, first and last bytes
(the rest are holes), for the readers to claim from; ``files`` has those that they claimed, whole, and is what
is watched; ``parts`` what is not whole yet, which the next connection goes on with (``system.saving`` would
begin anew, in the folder that is watched). What comes over the link is bounded, and names files below these
only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from runwatch.config.settings import Settings
from runwatch.hosts.conversation import PIECE, Conversation
from runwatch.hosts.wire import WireError
from runwatch.monitor.reading import RootReader
from runwatch.readers import limits
from runwatch.readers.registry import built_in
from runwatch.runs.checkpoints import is_checkpoint
from runwatch.system.folders import cache_dir
from runwatch.system.identity import digest
from runwatch.system.saving import save_text

MOST_FILES = 100_000
MOST_HEADS = 20_000
MOST_FILE = 256 * limits.MIB
MOST_IMAGE = 12 * limits.MIB
MOST_IN_ALL = 4 * 1024 * limits.MIB
_HEADS_AT_ONCE = 100
_HEAD = 64 * limits.KIB
_NEVER = (
    *(".pt", ".pth", ".ckpt", ".safetensors", ".bin", ".h5", ".hdf5", ".onnx", ".keras", ".joblib"),
    *(".npy", ".npz", ".pkl", ".tar", ".so", ".pyc", ".whl", ".mp4", ".wav"),
)
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_ENDS_MATTER = (".log", ".out", ".err", ".txt", ".tsv", ".zip", ".eval")


class KnownFile(NamedTuple):
    """What a file there was when it was listed, or copied, last."""

    size: int
    mtime: int
    inode: int


class MirroredRoot:
    """The copy of one root. ``path``: as it was asked for; ``remote_path``: its real one, once it is listed;
    ``notes``: what is not mirrored, and why."""

    def __init__(self, host: str, path: str, talk: Conversation) -> None:
        base = cache_dir() or Path(os.environ.get("TMPDIR", "/tmp")) / f"runwatch-{os.getuid()}"
        self.folder = base / "mirror" / digest(f"{host}\0{path}".encode("utf-8", "surrogateescape"))
        self.path, self.remote_path, self.took, self.ahead = path, path, 0.0, 0.0
        self.notes: tuple[str, ...] = ()
        self._talk = talk
        self._listed: dict[str, KnownFile] = {}
        self._have = self._index()
        self._pending: dict[str, KnownFile] = {}
        self._claimed: set[str] = set()
        self._whole: dict[str, bytes] = {}
        self._brought: dict[str, KnownFile] = {}
        for part in ("listed", "files", "parts"):
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self.folder / "listed", ignore_errors=True)
        (self.folder / "listed").mkdir(mode=0o700)
        self._reader = RootReader(str(self.folder / "listed"), Settings(), built_in())

    @property
    def files(self) -> str:
        """The folder that is watched."""
        return str(self.folder / "files")

    def refresh(self) -> bool:
        """Ask what changed, and what our readers make of it; whether there is something to fetch. Raises
        WireError; OSError: the root is not there."""
        answer, data = self._talk.ask("list", root=self.path)
        self.remote_path, self.took = str(answer["root"]), float(answer["took"])
        ahead = float(answer["now"]) - time.time()
        self.ahead = 0.0 if abs(ahead) < 5.0 else float(round(ahead))
        changed, gone = _listing(data)
        for path in gone:
            self._drop(path)
        fresh = []
        for path, known in changed:
            if not _harmless(path) or len(self._listed) >= MOST_FILES:
                continue
            before = self._listed.get(path)
            self._listed[path] = known
            grew = before is not None and before.inode == known.inode and before.size <= known.size
            if not (grew and path in self._claimed and self._grow(path, known)):
                fresh.append(path)
        self._take_heads(fresh)
        if changed or gone:
            with contextlib.suppress(OSError):
                self._reader.scan()
            self._choose()
        return bool(self._pending)

    def fetch(self, enough: Callable[[], bool]) -> bool:
        """Copy what was claimed and is not whole here, smallest first, until ``enough()``; whether all is."""
        waiting = sorted(self._pending, key=lambda path: self._pending[path].size)
        for path in waiting:
            if enough():
                break
            known = self._pending.pop(path)
            whole = self._whole.pop(path, None)
            try:
                if whole is None:
                    self._copy(path, known)
                else:
                    self._take_whole(path, known, whole)
            except OSError:  # gone meanwhile, or our disk is full: the next listing says
                continue
        if not self._pending:
            self._whole.clear()
        self._keep_index()
        return not self._pending

    def _grow(self, path: str, known: KnownFile) -> bool:
        """Of a claimed file that grew only the length is news; whether that was noted."""
        file = self.folder / "listed" / path
        try:
            os.truncate(file, known.size)
            self._date(file, known)
        except OSError:
            return False
        return True

    def _take_heads(self, changed: list[str]) -> None:
        """First and last bytes of what changed, as files with holes."""
        names = [path for path in changed if not _is_blob(path) and not self._is_here(path)][:MOST_HEADS]
        for path in changed:
            if _is_blob(path):
                self._write_holes(path)
        logs = [path for path in names if _has_end(path)]
        for group, tail_size in ((logs, limits.TAIL), (sorted(set(names) - set(logs)), 0)):
            for at in range(0, len(group), _HEADS_AT_ONCE):
                some = group[at : at + _HEADS_AT_ONCE]
                for path, head, tail, rest in heads(self._talk, self.remote_path, some, tail_size):
                    self._write_holes(path, head, tail, rest)
                    if len(head) == self._listed[path].size:
                        self._whole[path] = head

    def _is_here(self, path: str) -> bool:
        """Whether the copy of an earlier process is as the file is: then its ends are known."""
        known = self._listed[path]
        if self._have.get(path) != known:
            return False
        try:
            with (self.folder / "files" / path).open("rb") as copy:
                head = copy.read(_HEAD)
                rest = max(known.size - limits.TAIL, len(head))
                copy.seek(rest)
                self._write_holes(path, head, copy.read(limits.TAIL), rest)
        except OSError:
            return False
        return True

    def _write_holes(
        self, path: str, head: bytes = b"", tail: bytes = b"", rest: int = 0, part: str = "listed"
    ) -> bool:
        """A file of the right length with these bytes at its ends; whether there is one now."""
        known = self._listed[path]
        file = self.folder / part / path
        try:
            _make_room(file, self.folder / part)
            with file.open("wb") as out:
                out.write(head)
                if tail:
                    out.seek(rest)
                    out.write(tail)
                out.truncate(known.size)
            self._date(file, known)
        except OSError:
            return False
        return True

    def _choose(self) -> None:
        """What is to be copied: files that are claimed, and have changed since they were."""
        claims = list(chain.from_iterable(self._reader.catalogue.runs.values()))
        claimed = {file for claim in claims for file in claim.files}
        self._claimed = set(claimed)
        claimed |= {f"{file}-wal" for file in claimed if f"{file}-wal" in self._listed}
        # small files came whole already, and readers look for some of them without claiming them
        claimed |= {f for f, known in self._listed.items() if known.size <= _HEAD and not _is_blob(f)}
        large = sorted(file for file in claimed if self._known(file).size > MOST_FILE)
        total, chosen = 0, set[str]()
        for file in sorted(claimed - set(large), key=lambda file: -self._known(file).mtime):
            total += self._known(file).size
            if total > MOST_IN_ALL:
                break
            chosen.add(file)
        left = len(claimed) - len(chosen) - len(large)
        self.notes = (
            *(f"{file}: larger than {MOST_FILE // limits.MIB} MiB, not mirrored" for file in large[:5]),
            *((f"{left} older files past {MOST_IN_ALL // limits.MIB} MiB are not mirrored",) if left else ()),
        )
        for file in chosen:
            known = self._listed.get(file)
            if known is not None and self._have.get(file) != known:
                self._pending[file] = known
        for file, known in self._listed.items():
            missing = file not in chosen and self._have.get(file) != known
            # checkpoints and images are listed by name and size: a hole will do
            if missing and _stands_in(file) and self._write_holes(file, part="files"):
                self._have[file] = known

    def bring(self, path: str) -> None:
        """Copy an image that somebody looks at. Raises WireError; OSError: it cannot be read."""
        known = self._listed.get(path)
        if known is not None and known.size <= MOST_IMAGE and self._brought.get(path) != known:
            self._copy(path, known)
            self._brought[path] = known

    def _take_whole(self, path: str, known: KnownFile, data: bytes) -> None:
        """A small file came with the first look at it."""
        file = self.folder / "files" / path
        _make_room(file, self.folder / "files")
        before = file.read_bytes() if file.is_file() else b""
        if before and data.startswith(before):
            with file.open("ab") as out:
                out.write(data[len(before) :])
        else:
            part = self.folder / "parts" / digest(os.fsencode(path))
            part.write_bytes(data)
            os.replace(part, file)
        self._date(file, known)
        self._have[path] = known

    def _copy(self, path: str, known: KnownFile) -> None:
        file, part = (
            self.folder / "files" / path,
            self.folder / "parts" / digest(path.encode("utf-8", "replace")),
        )
        before = self._have.get(path)
        rewritten = before is not None and before.size == known.size
        offset = 0 if rewritten or not file.is_file() else file.stat().st_size
        for _ in range(MOST_FILE // PIECE + 2):
            crc = _fingerprint(part if part.exists() else file, offset)
            answer, data = self._talk.ask(
                "get", root=self.remote_path, file=path, offset=offset, crc=crc, most=PIECE
            )
            start, size = int(answer["start"]), int(answer["size"])
            appends = start == offset and file.is_file() and not part.exists() and not rewritten
            target = file if appends else part
            if start == 0 and not appends:
                part.unlink(missing_ok=True)
            elif start != offset:
                raise WireError("a piece of a file that was not requested")
            _make_room(file, self.folder / "files")
            with target.open("ab") as out:
                out.write(data)
            offset = start + len(data)
            known = KnownFile(size, int(answer["mtime"]), int(answer["inode"]))
            if not data or offset >= size or offset > MOST_FILE:
                break
        if part.exists():
            os.replace(part, file)
        self._date(file, known)
        self._have[path] = known

    def _date(self, file: Path, known: KnownFile) -> None:
        """Times there, by the clock here."""
        at = known.mtime - int(self.ahead * 1e9)
        os.utime(file, ns=(at, at))

    def _drop(self, path: str) -> None:
        known = self._listed.pop(path, None)
        self._pending.pop(path, None)
        self._have.pop(path, None)
        if known is not None:
            for part in ("listed", "files"):
                with contextlib.suppress(OSError):
                    (self.folder / part / path).unlink()

    def _known(self, file: str) -> KnownFile:
        return self._listed.get(file, KnownFile(0, 0, 0))

    def _index(self) -> dict[str, KnownFile]:
        """What an earlier process copied; what is not there any more is copied again."""
        try:
            saved = json.loads((self.folder / "index.json").read_text("ascii"))
            files = {path: KnownFile(*map(int, known)) for path, known in saved.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
        return {p: k for p, k in files.items() if _harmless(p) and (self.folder / "files" / p).is_file()}

    def _keep_index(self) -> None:
        with contextlib.suppress(OSError):
            save_text(self.folder / "index.json", json.dumps(self._have), 0o600)


def _listing(data: bytes) -> tuple[list[tuple[str, KnownFile]], list[str]]:
    """(changed files, files that are gone) of a listing. Raises WireError."""
    try:
        changed, gone = json.loads(data)
        files = [
            (str(path), KnownFile(int(size), int(mtime), int(inode))) for path, size, mtime, inode in changed
        ]
        return [one for one in files if one[1].size >= 0], [str(path) for path in gone]
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"an invalid listing ({error})") from None


def heads(
    talk: Conversation, root: str, files: Sequence[str], tail_size: int = 0
) -> Iterator[tuple[str, bytes, bytes, int]]:
    """(file, its first 64 KiB, its last ``tail_size`` bytes, where these begin); nothing of what cannot be
    read. Raises WireError."""
    answer, data = talk.ask("heads", root=root, files=files, head=_HEAD, tail=tail_size)
    at = 0
    try:
        for path, (head, tail, rest) in zip(files, answer["lengths"], strict=True):
            if not (0 <= head <= _HEAD and 0 <= tail <= limits.TAIL and 0 <= rest < 2**62):
                raise ValueError("lengths that were not requested")
            yield path, data[at : at + head], data[at + head : at + head + tail], rest
            at += head + tail
    except (KeyError, ValueError, TypeError) as error:
        raise WireError(f"invalid beginnings of files ({error})") from None


def _is_blob(path: str) -> bool:
    """Whether no reader ever looks into such a file."""
    return path.endswith((*_NEVER, *_IMAGES))


def _stands_in(path: str) -> bool:
    """Whether such a file is shown by its name, before anybody looks into it."""
    return is_checkpoint(path) or path.endswith(_IMAGES)


def _has_end(path: str) -> bool:
    """Whether readers look at the end of such a file: logs, most of them."""
    name = path.rpartition("/")[2]
    return name.endswith(_ENDS_MATTER) or "." not in name


def _harmless(path: str) -> bool:
    """Whether a path from there stays below the folder it is put into, whatever it is put into."""
    parts = path.split("/")
    return (
        "\0" not in path
        and len(parts) <= 32
        and all(part not in ("", ".", "..") and len(os.fsencode(part)) <= 255 for part in parts)
        and len(path) < 2000
    )


def _make_room(file: Path, top: Path) -> None:
    """Have the folders of a file; what was a file there before makes room."""
    above = file.parent
    if not above.is_dir():
        folder = above
        while folder != top:
            if folder.is_file():
                folder.unlink()
            folder = folder.parent
        above.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.is_dir():
        shutil.rmtree(file)


def _fingerprint(file: Path, offset: int) -> list[int]:
    """CRC-32 of the first KiB and of the 64 bytes before ``offset``."""
    if not offset:
        return [0, 0]
    near = min(offset, 64)
    with file.open("rb") as opened:
        head = opened.read(min(offset, 1024))
        opened.seek(offset - near)
        return [zlib.crc32(head), zlib.crc32(opened.read(near))]
