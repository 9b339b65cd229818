"""One root: walk it, settle its runs, read what is new. Knows no clock, no screen, no verdict."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Set

from msgspec.structs import replace

from runwatch.config.settings import Settings
from runwatch.domain.directions import direction_of, is_placeholder
from runwatch.domain.operations import Append
from runwatch.domain.points import EPOCHS, Points, of_former
from runwatch.domain.run import Direction, Metric, Problem
from runwatch.domain.tree import TreeChanges
from runwatch.monitor.read_run import ReadRun, SourceKey, has_much_more, restarted, source_of, stamped
from runwatch.readers.base import Claim, Cursor, Layout, Reader, Reading, SourceFile, failed
from runwatch.runs.catalogue import Catalogue
from runwatch.runs.sources import RunMemory
from runwatch.runs.summary import RunSummary, Summariser
from runwatch.watch.tree import Tree

MAX_ROOT_PROBLEMS = 100
_REWRITTEN = (
    "rewritten: read again from the start",
    "nothing, if that was intended; otherwise check what writes it",
)


class RootReader:
    """Reads the runs of one root. The caller holds the lock, says how long to read, and asks for the
    summaries."""

    def __init__(self, root: str, settings: Settings, readers: Mapping[str, Reader]) -> None:
        self.root = root
        self.settings = settings
        self.tree = Tree(root, settings.watch.ignore, settings.watch.follow)
        self._readers = {**_own_logs(settings), **readers}
        self.catalogue = Catalogue(root, self._readers)
        self.entries: dict[str, ReadRun] = {}
        self.cursors: dict[SourceKey, Cursor] = {}
        self._owners: dict[str, list[tuple[str, Claim]]] = {}
        # its first is taken again and again: what a plain dict does in time that grows with what was taken
        self._queue: OrderedDict[SourceKey, tuple[str, Claim]] = OrderedDict()
        self._places: dict[SourceKey, int] = {}
        self._caught_up: set[SourceKey] = set()
        self._failed: dict[SourceKey, tuple[Problem, ...]] = {}
        self._loose_problems: dict[str, tuple[Problem, ...]] = {}
        self._summariser = Summariser(self._direction, is_placeholder)
        self.taken = 0
        """How many points have been read, ever."""
        self.just_read: list[ReadRun] = []  # whoever looks at them empties the list

    def _direction(self, tag: str, stated: Direction) -> Direction:
        setting = self.settings.metrics.named.get(tag)
        override = setting.direction if setting else None
        return direction_of(tag, stated, override)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What concerns the root rather than one run."""
        loose = [problem for problems in self._loose_problems.values() for problem in problems]
        return (*self.tree.problems.values(), *self.catalogue.problems, *loose)[:MAX_ROOT_PROBLEMS]

    @property
    def waiting(self) -> int:
        """How many files are still to be read."""
        return len(self._queue)

    @property
    def blank(self) -> bool:
        """Whether nothing is known yet."""
        return not self.tree.top.files and not self.tree.top.folders

    def scan(self, pulse: Callable[[], None] | None = None) -> TreeChanges:
        """Walk everything, and ask the readers anew about what changed; ``pulse`` is called after each
        folder. Raises OSError: the root is gone."""
        first = self.blank
        changes = self.tree.scan(pulse)
        self._take(changes, everything=first)
        return changes

    def settle_some(self, most: int) -> None:
        """While the first walk goes on: the runs in at most ``most`` more of the folders that it has seen."""
        if self.catalogue.update_some(self.tree.walked(), most):
            self._settle()

    def refresh(self, paths: Iterable[str]) -> TreeChanges:
        """Look at these paths only (relative to the root)."""
        changes = self.tree.refresh(paths)
        self._take(changes)
        return changes

    def add_readers(self, extra: Mapping[str, Reader]) -> None:
        """Readers that arrived late: every folder is asked again."""
        self._readers.update(extra)
        self.catalogue.add_readers(extra)
        if self.tree.top.files or self.tree.top.folders:
            self._reclaim()

    def try_again(self) -> None:
        """Ask the readers about every folder if a wide neighbourhood had to be left out, else about those
        with files that could not be looked into, and read again what the system gave an error for: errors
        pass, and no file changes with them."""
        if self.catalogue.left_out:
            self._reclaim()
        elif self.catalogue.unread and self.catalogue.update(self.tree.top, tuple(self.catalogue.unread)):
            self._settle()
        for key in list(self._failed):
            for run_id, claim in self._owners.get(key[1], ()):
                if claim.identity == key[0]:
                    self._queue.setdefault(key, (run_id, claim))

    def _reclaim(self) -> None:
        if self.catalogue.update_all(self.tree.top):
            self._settle()

    def _take(self, changes: TreeChanges, everything: bool = False) -> None:
        if everything:
            claimed = self.catalogue.update_all(self.tree.top)
        else:
            claimed = bool(changes.folders) and self.catalogue.update(self.tree.top, changes.folders)
            claimed = self._reclaim_unowned(changes.files) or claimed
            claimed = self._reclaim_grown(changes.files) or claimed
        if claimed or everything:
            self._settle()
        for file in changes.files:
            if not (everything and self._is_read(file)):
                self._enqueue(file)
        for entry_id in {run_id for file in changes.removed for run_id, _ in self._owners.get(file, ())}:
            if entry_id in self.entries:
                self.entries[entry_id].stale = True

    def _reclaim_unowned(self, files: Iterable[str]) -> bool:
        """An unclaimed file may have become readable (its header was written just now)."""
        folders = {file.rpartition("/")[0] or "." for file in files if file not in self._owners}
        return bool(folders) and self.catalogue.update(self.tree.top, folders)

    def _reclaim_grown(self, files: Iterable[str]) -> bool:
        """A file that had not shown its beginning yet, or is twice as long now, may turn out to be another
        reader's (a log before its first round), or make two jobs of one run."""
        grown = (file for file in files if has_much_more(self._cursors_of(file), self.tree.stat(file)))
        folders = {file.rpartition("/")[0] or "." for file in grown}
        return bool(folders) and self.catalogue.ask_again(self.tree.top, folders)

    def _cursors_of(self, file: str) -> list[Cursor | None]:
        return [self.cursors.get((claim.identity, file)) for _, claim in self._owners.get(file, ())]

    def _enqueue(self, file: str) -> None:
        for run_id, claim in self._owners.get(file, ()):
            for entry in self._entries_of(run_id):
                entry.stale = True
                if entry.folded:
                    self.unfold(entry)
            self._queue.setdefault((claim.identity, file), (run_id, claim))

    def _is_read(self, file: str) -> bool:
        """Whether a file is known as it is (some are read while the first walk goes on)."""
        stat = self.tree.stat(file)
        cursors = self._cursors_of(file)
        return bool(cursors) and all(cursor is not None and cursor.stat == stat for cursor in cursors)

    def owns(self, file: str) -> bool:
        """Whether a file belongs to a run."""
        return file in self._owners

    def is_waiting(self, entry: ReadRun) -> bool:
        """Whether something of a run is still to be read."""
        return any(key in self._queue for key, _ in entry.sources())

    def fold(self, entry: ReadRun) -> None:
        """Keep the summary only: the series leave the memory."""
        self.summarise(entry)
        entry.memory = RunMemory()
        entry.folded = True

    def unfold(self, entry: ReadRun) -> None:
        """Read all files of a folded or thinned run again, from the start."""
        entry.folded, entry.dirty, entry.stale = False, None, True
        entry.memory = RunMemory()
        entry.rewritten.update(() if entry.summary is None else entry.summary.metrics)
        for key, claim in entry.sources():
            self.cursors.pop(key, None)
            self._caught_up.discard(key)
            self._queue.setdefault(key, (entry.id, claim))
            entry.unread.add(key)

    def known(self, entry: ReadRun, summary: RunSummary, cursors: Mapping[SourceKey, Cursor]) -> None:
        """An earlier process has read these files as they still are: take its summary."""
        entry.summary, entry.stale, entry.dirty, entry.folded = summary, False, set(), True
        entry.version += 1
        self.cursors.update(cursors)
        for key in cursors:
            self._queue.pop(key, None)

    def _entries_of(self, run_id: str) -> list[ReadRun]:
        own = self.entries.get(run_id)
        if own is not None:
            return [own]
        return [
            entry for entry in self.entries.values() if entry.from_many and entry.id.startswith(f"{run_id}#")
        ]

    def _settle(self) -> None:
        owners: dict[str, list[tuple[str, Claim]]] = {}
        places: dict[SourceKey, int] = {}
        for run_id, claims in self.catalogue.runs.items():
            for claim in claims:
                identity = claim.identity
                for place, file in enumerate(claim.files):
                    owners.setdefault(file, []).append((run_id, claim))
                    places[identity, file] = place
        self._owners, self._places = owners, places
        self._forget(places.keys())
        for run_id, claims in self.catalogue.runs.items():
            if any(claim.names_runs for claim in claims):
                continue
            entry = self.entries.get(run_id)
            if entry is None:
                entry = self.entries[run_id] = ReadRun(run_id)
            if entry.claims != claims:
                entry.claims = claims
                if entry.folded:
                    self.unfold(entry)
                entry.stale, entry.dirty = True, None
                entry.place_sources()
        for file in sorted(owners, key=self._newest_first):
            for run_id, claim in owners[file]:
                if (claim.identity, file) not in self.cursors:
                    self._queue.setdefault((claim.identity, file), (run_id, claim))

    def _newest_first(self, file: str) -> tuple[int, str]:
        stat = self.tree.stat(file)
        return (-(stat.mtime_ns if stat else 0), file)

    def _forget(self, keys: Set[SourceKey]) -> None:
        for key in [key for key in self._queue if key not in keys]:
            del self._queue[key]
        for key in [key for key in self.cursors if key not in keys]:
            del self.cursors[key]
            self._failed.pop(key, None)
            self._caught_up.discard(key)
            self._loose_problems.pop(key[1], None)
        for entry in list(self.entries.values()):
            entry.unread &= keys
            for identity, file in [key for key in entry.memory.sources if key not in keys]:
                entry.memory.forget(identity, file)
                entry.stale, entry.dirty = True, None
                entry.rewritten.update(() if entry.summary is None else entry.summary.metrics)
            if entry.folded and any(key not in keys for key, _ in entry.sources()):
                self.unfold(entry)
            gone = not entry.memory.sources if entry.from_many else entry.id not in self.catalogue.runs
            if gone:
                del self.entries[entry.id]

    def read_some(self, enough: Callable[[], bool]) -> bool:
        """Read waiting files until ``enough()``; at least one slice. True while some are left."""
        while self._queue:
            key, (run_id, claim) = next(iter(self._queue.items()))
            self._take_slice(key, run_id, claim)
            if enough():
                break
        return bool(self._queue)

    def _take_slice(self, key: SourceKey, run_id: str, claim: Claim) -> None:
        more = self._read(key, run_id, claim)
        if not more:
            self._queue.pop(key, None)
        entry = self.entries.get(run_id)
        if entry is None:
            return
        if not more:
            entry.unread.discard(key)
            self.just_read.append(entry)
        if entry.memory.thinned and entry.memory.torn():
            self.unfold(entry)

    def _read(self, key: SourceKey, run_id: str, claim: Claim) -> bool:
        """Read one slice; True when there is more."""
        file = key[1]
        stat = self.tree.stat(file)
        reader = self._readers.get(claim.reader)
        if stat is None or reader is None:
            return False
        source = SourceFile(self.root, file, stat)
        cursor = self.cursors.get(key)
        final = any(entry.final for entry in self._entries_of(run_id))
        try:
            reading = reader.read(claim, source, cursor, final)
        except OSError as error:
            reading = failed(source, cursor, error)
        except Exception as error:  # a reader's fault costs this file, never the run or the app
            problem = Problem(file, None, f"reader {claim.reader} failed: {error!r}", "please report this")
            reading = Reading({}, cursor or Cursor(stat=stat), (problem,))
        if reading.more and reading.cursor == cursor:  # it would stay where it is for ever
            stuck = Problem(file, None, f"reader {claim.reader} got no further", "please report this")
            reading = replace(reading, problems=(*reading.problems, stuck), more=False)
        if restarted(cursor, reading):
            reading = replace(reading, problems=(Problem(file, None, *_REWRITTEN), *reading.problems))
        self.cursors[key] = reading.cursor
        passed = self._failed.pop(key, ())
        if reading.again:
            self._failed[key] = reading.problems
        for entry in self._entries_of(run_id) if passed else ():
            entry.memory.cured(*key, passed)
            entry.stale = True
        self._apply(claim, file, run_id, reading, live=key in self._caught_up, mtime=stat.mtime)
        if not reading.more:
            self._caught_up.add(key)
        return reading.more

    def _apply(
        self, claim: Claim, file: str, run_id: str, reading: Reading, live: bool, mtime: float
    ) -> None:
        source = source_of(claim, file, self._places.get((claim.identity, file), 0))
        many = claim.names_runs
        for target, operations in reading.operations.items():
            entry = self._target(run_id if not many else target, many)
            if entry is None:
                continue
            applied = stamped(operations, mtime) if live else operations
            self.taken += sum(len(one.points.steps) for one in applied if isinstance(one, Append))
            entry.note(entry.memory.apply(source, applied, () if many else reading.problems))
            entry.live = entry.live or live
            if claim.exclusive:
                entry.dirty = None
        if reading.problems and (many or not reading.operations):
            entry = None if many else self.entries.get(run_id)
            if entry is not None:
                entry.note(entry.memory.apply(source, (), reading.problems))
            else:
                self._loose_problems[file] = reading.problems
        elif many:
            self._loose_problems.pop(file, None)

    def _target(self, run_id: str, many: bool) -> ReadRun | None:
        entry = self.entries.get(run_id)
        if entry is None and many:
            entry = self.entries[run_id] = ReadRun(run_id, from_many=True)
        return entry

    def summarise(self, entry: ReadRun) -> RunSummary:
        """The run's summary, built anew where it changed."""
        if entry.summary is None or (entry.stale and not entry.folded and not entry.unread):
            known: Mapping[str, Metric] = entry.summary.metrics if entry.summary else {}
            entry.summary = self._summariser.summarise(entry.memory, known, entry.dirty)
            entry.dirty, entry.stale = set(), False
            entry.version += 1
        return entry.summary

    def points(self, run_id: str, tag: str) -> Points:
        """The merged series of a tag (of ``EPOCHS``, of ``former_tag``); empty when there is none."""
        if former := of_former(tag):
            branches = self.former(run_id, former[0])
            return branches[-1 - former[1]] if former[1] < len(branches) else Points.empty()
        entry = self.entries.get(run_id)
        if entry is not None and (entry.folded or entry.memory.thinned):
            self.unfold(entry)
        if entry is not None:
            self._drain(entry)
        if tag == EPOCHS:
            return entry.memory.epochs() if entry else Points.empty()
        tag_sources = entry.memory.sources_by_tag().get(tag) if entry else None
        return Points.empty() if entry is None or not tag_sources else entry.memory.points(tag, tag_sources)

    def former(self, run_id: str, tag: str) -> list[Points]:
        """The branches of a tag that newer attempts superseded, oldest first, for charts."""
        if not len(self.points(run_id, tag)):
            return []
        memory = self.entries[run_id].memory
        return memory.former(tag, memory.sources_by_tag()[tag])

    def _drain(self, entry: ReadRun) -> None:
        """Read what waits of one run."""
        for key, claim in entry.sources():
            while key in self._queue:
                self._take_slice(key, entry.id, claim)

    def finish(self, entry: ReadRun) -> None:
        """The run is over and its files are quiet: an unterminated last line counts."""
        if entry.final:
            return
        entry.final = True
        for key, claim in entry.sources():
            stat, cursor = self.tree.stat(key[1]), self.cursors.get(key)
            if stat is not None and cursor is not None and cursor.offset < stat.size:
                self._queue.setdefault(key, (entry.id, claim))


def _own_logs(settings: Settings) -> dict[str, Reader]:
    if not settings.runs:
        return {}
    from runwatch.readers.common.own_logs import OwnLogs

    layouts = [(one.files, Layout(one.step, one.wall, one.metrics)) for one in settings.runs]
    return {OwnLogs.NAME: OwnLogs(layouts)}
