"""Console logs: evidence of a crash, and as a last resort numbers.

Evidence and numbers are two claims, so that another reader may have the numbers of the same log. At first
look only the last ``limits.LOG_TAIL`` bytes count. A carriage return ends a line as a newline does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.domain.tree import FileStat
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, Role, SourceFile, Tail, read_tail
from runwatch.readers.common.column_names import starts_as_table
from runwatch.readers.console._lines import parse
from runwatch.readers.console._state import END, ConsoleHealth, ConsoleNumbers, Lines, PlannedLength
from runwatch.text.console import TRACEBACK, crash_words, plain

NAME = "console"
PRIORITY = 5
LOOKS_FOR = (
    "*.log", "*.out", "*.err", "*.txt", "stdout", "stderr", "console", "attempt_*",
    "*.o0*", "*.o1*", "*.o2*", "*.o3*", "*.o4*", "*.o5*", "*.o6*", "*.o7*", "*.o8*", "*.o9*",
    "*.e0*", "*.e1*", "*.e2*", "*.e3*", "*.e4*", "*.e5*", "*.e6*", "*.e7*", "*.e8*", "*.e9*",
)  # fmt: skip
MAX_FILES = 100

_SUFFIXES = (".log", ".out", ".err")
_TXT = re.compile(
    r"(?:(?:\S{1,80}[-_.])?logs?(?:[-_.]\S{1,80})?|cout|cerr|output|(?:console|stdout|stderr)(?:[-_.]\S{1,80})?)\.txt"
)
_ROTATED = re.compile(r"(\S{1,200}\.log)\.(\d{1,2}|\d{4}-\d\d-\d\d\S{0,12})", re.IGNORECASE)
_ICEFALL = re.compile(r"log-(?:train|decode)-[\d-]{10,40}")
_BARE = frozenset(("stdout", "stderr", "nohup.out", "console"))
_BATCH_SYSTEM = re.compile(r"\S{1,200}\.[oe]\d{2,12}")
_BATCH_JOB = re.compile(
    r"slurm[-_.]\d+(?:[_.-]\d+)?|\d+_\d+_log|job[-_.]?\S{1,80}|\S{1,200}\.\d{2,12}|\S{1,100}[-_.]\d{4,12}"
)
_ATTEMPT = re.compile(r"attempt_\d{1,6}", re.ASCII)
_SIDE_BY_SIDE = re.compile(r"rank|worker|gpu|proc|node|local|task", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_NOT_OURS = frozenset(("debug.log", "debug-internal.log", "events.out"))
_RECORDS = (b'{"op_code":', b'{"record_id":', b'{"obj": {"type":')  # Optuna, FLAML, Neptune
_NEWS = re.compile(
    rb"loss|acc|epoch|step|iter|learn:|test:|traceback|error|kill|fault|cancelled|limit|exit|auc|\bf1\b|mse|mae|score|reward|stop",
    re.IGNORECASE,
)


def claim(listing: Listing) -> Iterable[Claim]:
    """One claim without a format for what the logs here say of the run, one of format ``console`` for the
    numbers of each (where several jobs log, each under its file's name)."""
    attempts = _attempts(listing)
    if attempts:
        return _restarted(listing, attempts)
    if _in_attempt(listing):
        return []
    consoles = [(stat, name) for name, stat in listing.files.items() if is_console(name)]
    consoles.sort(key=lambda pair: (pair[0].mtime_ns, pair[1]))
    logs = [name for _, name in consoles[-MAX_FILES:] if not _is_other(listing.head(name, 64))]
    if not logs:
        return []
    contents = {name: _what(listing, name, listing.files[name]) for name in logs}
    if _are_jobs(logs, contents):
        return _jobs(listing, logs, contents)
    role: Role = "lonely" if any(contents.values()) else "part"
    jobs = {_job(name) for name in logs}
    numbered = {_job(name) for name in logs if "numbers" in contents[name]}
    files = tuple(listing.join(name) for name in _of_newest_jobs(_newest_parts(logs)))
    claims = [Claim(NAME, "", listing.path, files, priority=PRIORITY, role=role)]
    for parts in _parts(logs):
        job = _job(parts[0])
        prefix = "" if len(jobs) == 1 or numbered == {job} else job + "/"
        part_files = tuple(map(listing.join, parts))
        claims.append(
            Claim(
                NAME,
                format=NAME,
                run_id=listing.path,
                files=part_files,
                tag_prefix=prefix,
                priority=PRIORITY,
                role=role,
            )
        )
    return claims


def _in_attempt(listing: Listing) -> bool:
    above = listing.parent
    return above is not None and listing.name.isdigit() and _ATTEMPT.fullmatch(above.name) is not None


def _attempts(listing: Listing) -> list[Listing]:
    """The folders ``attempt_0``, ``attempt_1``, … that torchrun makes, one each time that it starts the
    workers; in each is a folder for every rank of the machine."""
    found = [name for name in listing.folders if _ATTEMPT.fullmatch(name)]
    children = [listing.child(name) for name in sorted(found, key=lambda name: int(name.rpartition("_")[2]))]
    return [child for child in children if child is not None and any(map(str.isdecimal, child.folders))]


def _restarted(listing: Listing, attempts: list[Listing]) -> list[Claim]:
    """One run: the newest attempt's logs tell how it fares, the attempts of a rank are parts of one log."""
    logs: dict[str, list[tuple[Listing, str]]] = {}
    for attempt in attempts:
        for rank in sorted(filter(str.isdecimal, attempt.folders), key=int):
            folder = attempt.child(rank)
            for name in sorted(folder.files) if folder is not None else ():
                if folder is not None and is_console(name):
                    logs.setdefault(f"{rank}/{name}", []).append((folder, name))
    contents = {
        key: frozenset().union(*(_what(folder, name, folder.files[name]) for folder, name in parts))
        for key, parts in list(logs.items())[:MAX_FILES]
    }
    role: Role = "lonely" if any(contents.values()) else "part"
    newest = tuple(folder.join(name) for parts in logs.values() for folder, name in parts[-1:]
                   if folder.parent is not None and folder.parent.name == attempts[-1].name)  # fmt: skip
    claims = [Claim(NAME, "", listing.path, newest, priority=PRIORITY, role=role)] if newest else []
    numbered = [key for key in contents if "numbers" in contents[key]]
    for key in numbered:
        files = tuple(folder.join(name) for folder, name in logs[key])
        prefix = f"rank_{key.partition('/')[0]}/" if len(numbered) > 1 else ""
        claims.append(
            Claim(
                NAME,
                format=NAME,
                run_id=listing.path,
                files=files,
                tag_prefix=prefix,
                priority=PRIORITY,
                role=role,
            )
        )
    return claims


def _are_jobs(logs: list[str], contents: Mapping[str, frozenset[str]]) -> bool:
    """Whether the logs that tell something are those of several jobs: of a batch system, or with
    numbers under names that differ only by a number or a date."""
    telling = {_job(name) for name in logs if contents[name]}
    if len(telling) < 2 or any(map(_SIDE_BY_SIDE.search, telling)):
        return False
    numbered = {_job(name) for name in logs if "numbers" in contents[name]}
    alike = len(numbered) > 1 and len({_DIGITS.sub("#", job) for job in telling}) == 1
    return alike or all(map(_BATCH_JOB.fullmatch, telling))


def _jobs(listing: Listing, logs: list[str], contents: Mapping[str, frozenset[str]]) -> list[Claim]:
    """A run for each job, with its own end; where the folder is a run anyway, they are its logs."""
    claims = []
    for job in dict.fromkeys(map(_job, logs)):
        names = [name for name in logs if _job(name) == job]
        role: Role = "lonely" if any(contents[name] for name in names) else "part"
        run, files = listing.join(job), tuple(map(listing.join, _newest_parts(names)))
        claims.append(Claim(NAME, "", run, files, priority=PRIORITY, role=role))
        parts = [tuple(map(listing.join, parts)) for parts in _parts(names)]
        claims += [Claim(NAME, NAME, run, files, priority=PRIORITY, role=role) for files in parts]
    return claims


def _parts(logs: Iterable[str]) -> list[list[str]]:
    """Each log with the parts of it that were rotated away (``train.log.2``, ``train.log.1``,
    ``train.log``), oldest first."""
    parts: dict[str, list[str]] = {}
    for name in logs:
        parts.setdefault(_base(name), []).append(name)
    return [sorted(names, key=_age) for names in parts.values()]


def _newest_parts(logs: Iterable[str]) -> list[str]:
    newest = {parts[-1] for parts in _parts(logs)}
    return [name for name in logs if name in newest]


def _age(name: str) -> tuple[bool, int, str]:
    rotated = _ROTATED.fullmatch(name)
    suffix = rotated[2] if rotated else ""
    return rotated is None, -int(suffix) if suffix.isdigit() else 0, suffix


def _base(name: str) -> str:
    rotated = _ROTATED.fullmatch(name)
    return rotated[1] if rotated else name


def _is_other(head: bytes) -> bool:
    """Whether a file that bears a log's name is a table, or another tool's records."""
    return starts_as_table(head) or head.startswith(_RECORDS)


def _of_newest_jobs(logs: list[str]) -> list[str]:
    """``slurm-13.out`` follows on ``slurm-12.out``, whose death is past then; ranks stand side by side.
    ``logs``: oldest first."""
    newest = {_series(name): _job(name) for name in logs}
    return [name for name in logs if newest[_series(name)] == _job(name)]


def _series(name: str) -> str:
    job = _job(name)
    return job if _SIDE_BY_SIDE.search(job) else _DIGITS.sub("#", job)


def _job(name: str) -> str:
    """``slurm-12.out`` and ``slurm-12.err`` are one job's, and so are ``train.o12`` and ``train.e12``."""
    name = _base(name)
    stem, _, suffix = name.rpartition(".")
    if _BATCH_SYSTEM.fullmatch(name.lower()):
        return f"{stem}.{suffix[1:]}"
    return stem or name


def is_console(name: str) -> bool:
    """Whether a file of this name is a console log."""
    lower = _base(name.lower())
    if lower in _NOT_OURS or "tfevents" in lower:
        return False
    return (
        lower.endswith(_SUFFIXES)
        or lower in _BARE
        or _TXT.fullmatch(lower) is not None
        or _ICEFALL.fullmatch(lower) is not None
        or _BATCH_SYSTEM.fullmatch(lower) is not None
    )


def tells_numbers(line: str) -> bool:
    """Whether a bare line has metrics in it."""
    progress = parse(line)
    return progress is not None and bool(progress.pairs)


def _what(listing: Listing, name: str, stat: FileStat) -> frozenset[str]:
    """What the log's last lines (or its first) hold: "numbers", "crash", "end"."""
    if stat.size == 0:
        return frozenset()
    news: set[str] = set()
    for part in (listing.tail(name), listing.head(name)):
        if _NEWS.search(part) is None:
            continue
        rows = [plain(row) for row in _split(part)]
        for text in reversed(rows):
            if TRACEBACK in text or crash_words(text):
                news.add("crash")
            elif END.search(text):
                news.add("end")
            elif (progress := parse(text)) is not None and progress.pairs:
                return frozenset({*news, "numbers"})
        lines = Lines({})
        if any((progress := lines.parsed(text)) is not None and progress.pairs for text in rows):
            return frozenset({*news, "numbers"})
        if len(part) == stat.size:
            break
    return frozenset(news)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """Evidence, planned length and epoch (a claim without format), or numbers (format ``console``)."""
    tail, anew = _tail(source, cursor)
    state = dict(tail.state)
    rows, consumed = _rows(tail, state, final)
    tellers: list[ConsoleHealth | PlannedLength | ConsoleNumbers] = (
        [ConsoleNumbers(state, claim.tag_prefix)]
        if claim.format
        else [ConsoleHealth(state, source.file), PlannedLength(state)]
    )
    lines = Lines(state)
    for row in rows:
        text = plain(row)
        progress = lines.parsed(text)
        for teller in tellers:
            teller.feed(text, progress)
    changes: list[Operation] = [Replace()] if anew else []
    changes += [operation for teller in tellers for operation in teller.operations()]
    cut = bool(claim.format) and state.get("from", 0) > 0 and (cursor is None or anew) and bool(changes)
    problems = (_cut_problem(source),) if cut else ()
    operations = {claim.run_id: changes} if changes else {}
    return Reading(operations, tail.cursor(consumed, state), problems, more=tail.more and consumed > 0)


def _tail(source: SourceFile, cursor: Cursor | None) -> tuple[Tail, bool]:
    """The new bytes, and whether the file was rewritten."""
    tail = read_tail(source, cursor if cursor is not None else _near_end(source.stat.size))
    if not tail.rewritten:
        return tail, False
    again = read_tail(source, _near_end(source.stat.size))
    return replace(again, state=again.state if again.start else {}), cursor is not None


def _near_end(size: int) -> Cursor | None:
    start = size - limits.LOG_TAIL
    return Cursor(offset=start, state={"cut": True, "from": start}) if start > 0 else None


def _rows(tail: Tail, state: dict[str, object], final: bool) -> tuple[list[bytes], int]:
    """The finished lines, and how many bytes they took; a line past the limit is passed over."""
    data = tail.data
    end = len(data) if final and not tail.more else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    if end == 0:
        if len(data) <= limits.LINE:
            return [], 0
        state["cut"] = True
        return [], len(data)
    rows = _split(data[:end])
    if state.pop("cut", False):
        rows = rows[1:]
    return [row for row in rows if 0 < len(row) <= limits.LINE], end


def _split(data: bytes) -> list[bytes]:
    if b"\0" in data:  # UTF-16, as PowerShell's ``>`` writes it: all that counts here is ASCII
        data = data.removeprefix(b"\xff\xfe").replace(b"\0", b"")
    return data.replace(b"\r", b"\n").split(b"\n")


def _cut_problem(source: SourceFile) -> Problem:
    return Problem(
        source.file,
        None,
        f"only the last {limits.LOG_TAIL // limits.KIB} KiB were read for numbers",
        "log metrics to a CSV, JSONL or TensorBoard file to see all of them",
    )
