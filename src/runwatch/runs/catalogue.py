"""Which directories are runs, which files belong to them, and who reads a file: settled in one place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Set

from msgspec.structs import replace

from runwatch.domain.run import Problem
from runwatch.domain.tree import Folder, is_below
from runwatch.readers import limits
from runwatch.readers.base import Claim, Listing, Reader

NEIGHBOURHOOD = 3
MAX_AT_ONCE = 500
_LAUNCHED_ABOVE = 4
WATCHED_NAMES = (".csv", ".jsonl", ".ndjson", ".json", ".log", ".tsv", ".yaml", ".wandb", ".db")


_PARTS_OF_A_RUN = re.compile(r"(?:^|/)[0-9a-f]{32}/(?:artifacts|inputs|outputs)(?:/|$)")
"""What an MLflow run keeps: a table of a search or a checkpoint in there is the run's, and no run."""


class Catalogue:
    """The claims of all readers on the folders of one root, kept up to date folder by folder. ``unread``: the
    folders with files that could not be looked into when they were asked about."""

    def __init__(self, root: str, readers: Mapping[str, Reader]) -> None:
        self._root = root
        self._panel = ReaderPanel(readers)
        self._claims: dict[str, tuple[Claim, ...]] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self.runs: dict[str, tuple[Claim, ...]] = {}
        self.left_out = False
        self.unread: set[str] = set()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for problems in self._problems.values() for problem in problems)

    def add_readers(self, extra: Mapping[str, Reader]) -> None:
        """Readers that arrived late; ``update_all`` must follow."""
        self._panel = ReaderPanel({**self._panel.readers, **extra})

    def update(self, top: Folder, changed: Iterable[str]) -> bool:
        """Ask the readers again about the changed folders and their neighbours. True if any claim changed;
        the rest of a very wide neighbourhood is left for ``update_all``."""
        affected: dict[str, Folder] = {}
        known = len(self._claims)
        for path in changed:
            self._neighbours(top, path, affected)
        return self._ask(affected, dropped=len(self._claims) < known)

    def ask_again(self, top: Folder, paths: Iterable[str]) -> bool:
        """Ask about these folders alone: their files have grown, no name is new."""
        found = {path: folder for path in paths if (folder := top.at(path)) is not None}
        return self._ask(found, dropped=False)

    def update_all(self, top: Folder) -> bool:
        """Ask the readers about every folder."""
        self.left_out = False
        folders = {folder.path: folder for folder in top.walk()}
        known = len(self._claims)
        for path in self._known() - folders.keys():
            self._drop(path)
        return self._ask(folders, dropped=len(self._claims) < known)

    def update_some(self, folders: Iterable[Folder], most: int) -> bool:
        """Ask the readers about the first ``most`` of these folders that were not asked about yet: what they
        say may change once the rest is known, and ``update_all`` must follow. True if there was a claim."""
        new = (folder for folder in folders if folder.path not in self._claims)
        return self._ask({folder.path: folder for folder in itertools.islice(new, most)}, dropped=False)

    def _neighbours(self, top: Folder, path: str, affected: dict[str, Folder]) -> None:
        folder = top.at(path)
        if folder is None:
            for known in [k for k in self._known() if is_below(k, path)]:
                self._drop(known)
                affected.setdefault(".", top)
            return
        self._take_near(folder, affected)
        if folder.parent is not None:
            self._take_near(folder.parent, affected)
        above = folder.parent
        for _ in range(NEIGHBOURHOOD):
            if above is None:
                break
            affected[above.path] = above
            above = above.parent

    def _take_near(self, folder: Folder, affected: dict[str, Folder]) -> None:
        """A folder and those below it, unless they are too many to be asked at once."""
        below = list(itertools.islice(folder.walk(NEIGHBOURHOOD), MAX_AT_ONCE + 1))
        if len(below) > MAX_AT_ONCE:
            self.left_out, below = True, [folder]
        affected.update((near.path, near) for near in below)

    def _drop(self, path: str) -> None:
        self._claims.pop(path, None)
        self._problems.pop(path, None)
        self.unread.discard(path)

    def _known(self) -> Set[str]:
        """The folders that something is remembered of."""
        return self._claims.keys() | self._problems.keys() | self.unread

    def _ask(self, folders: Mapping[str, Folder], dropped: bool) -> bool:
        changed = dropped
        heads: dict[str, bytes] = {}
        refused: dict[str, str] = {}
        for path, folder in folders.items():
            claims, problems = self._claims_of(Listing(folder, self._root, heads, refused), folder)
            if claims != self._claims.get(path, ()):
                changed = True
            if claims:
                self._claims[path] = claims
            else:
                self._claims.pop(path, None)
            if problems:
                self._problems[path] = problems
            else:
                self._problems.pop(path, None)
        self.unread -= folders.keys()
        self.unread |= {file.rpartition("/")[0] or "." for file in refused}
        if changed or not self.runs:
            before = self.runs
            self.runs = settle(claim for folder_claims in self._claims.values() for claim in folder_claims)
            changed = changed or before.keys() != self.runs.keys()
        return changed

    def _claims_of(self, listing: Listing, folder: Folder) -> tuple[tuple[Claim, ...], tuple[Problem, ...]]:
        claims: list[Claim] = []
        problems = [
            Problem(folder.join(name), None, "not a regular file, skipped", "remove it, or log to a file")
            for name in folder.irregular
            if name.endswith(WATCHED_NAMES) or "tfevents" in name
        ]
        if not (folder.files or folder.folders) or _PARTS_OF_A_RUN.search(folder.path):
            return (), tuple(problems)
        for name, reader in self._panel.of(folder):
            try:
                claims.extend(reader.claim(listing))
            except Exception as error:  # one reader's fault costs its claim, never the run or the app
                problems.append(
                    Problem(folder.path, None, f"reader {name} failed here: {error!r}", "please report this")
                )
        return tuple(claims), (*problems, *_refused(listing, claims))


class ReaderPanel:
    """Whom to ask about a folder: those without ``LOOKS_FOR``, and those of whose names it has one."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self.readers = readers
        self._wanted = {name: _marks(getattr(reader, "LOOKS_FOR", None)) for name, reader in readers.items()}
        self._marks = tuple(
            dict.fromkeys(mark for file_marks in self._wanted.values() for mark in file_marks)
        )
        self._known: dict[tuple[str, ...], list[tuple[str, Reader]]] = {}

    def of(self, folder: Folder) -> list[tuple[str, Reader]]:
        """(name, reader) in their order."""
        names = "\n".join(("", *folder.files, *folder.folders, "")).lower()
        present = tuple([mark for mark in self._marks if mark in names])
        if present not in self._known:
            self._known[present] = [
                (name, reader)
                for name, reader in self.readers.items()
                if any(mark in present for mark in self._wanted[name])
            ]
        return self._known[present]


def _marks(looks_for: Iterable[str] | None) -> tuple[str, ...]:
    """What to look for in lines of names; "" is in all of them."""
    return (
        ("",)
        if looks_for is None
        else tuple(f"\n{name}\n".replace("\n*", "").replace("*\n", "") for name in looks_for)
    )


def _refused(listing: Listing, claims: Iterable[Claim]) -> Iterable[Problem]:
    """The first files of this folder that may not be looked into; what is claimed by name says it itself."""
    claimed = {file for claim in claims for file in claim.files}
    files = (listing.join(name) for name in listing.files)
    unknown = (file for file in files if file in listing.refused and file not in claimed)
    for file in itertools.islice(unknown, limits.PROBLEMS):
        yield Problem(file, None, f"cannot be read: {listing.refused[file]}", "check its permissions")


def settle(claims: Iterable[Claim]) -> dict[str, tuple[Claim, ...]]:
    """From overlapping claims to runs, each with its own, best source first: a file goes to the claim of
    highest priority (side files, which have no format word, are shared); "part" claims join a run at their
    folder or up to two above it; "lonely" claims make a run only where there is none at or below; what logs
    there say is said of the only run below."""
    best = _best_per_file(claims)
    result = {claim.run_id for claim in best if claim.role == "run" or claim.names_runs}
    unread = {claim.run_id for claim in best if claim.role == "unread"}
    elsewhere = _elsewhere(best)
    lonely = sorted({claim.run_id for claim in best if claim.role == "lonely"}, key=len, reverse=True)
    covered = {above for run_id in result - unread for above in _ancestors(run_id)}
    for run_id in lonely:
        inside = next((above for above in _ancestors(run_id)[1:3] if above in result), None)
        adopted = any(above in elsewhere for above in _ancestors(run_id)[:3])
        if run_id not in covered and inside is None and not adopted:
            result.add(run_id)
            covered.update(_ancestors(run_id))
    runs: dict[str, list[Claim]] = {run_id: [] for run_id in result}
    only_below = _only_below(result - unread, {claim.run_id for claim in best if claim.names_runs})
    for claim in best:
        near = (elsewhere.get(folder, folder) for folder in _ancestors(claim.run_id)[:3])
        home = next((folder for folder in near if folder in runs), None)
        if home is None and claim.role == "lonely" and not claim.format:
            home = only_below.get(claim.run_id)
        if home is not None and (home == claim.run_id or claim.role in ("part", "lonely")):
            runs[home].append(claim)
    return {
        run_id: tuple(sorted(run_claims, key=lambda c: (-c.priority, c.reader, c.tag_prefix)))
        for run_id, run_claims in runs.items()
    }


def _only_below(runs: Iterable[str], stores: Collection[str]) -> dict[str, str]:
    """Folders with a single run a few levels below them: a log there (``train.log`` beside
    ``lightning_logs/version_0``) tells of that one. Of ``stores`` with many runs it tells of none."""
    below: dict[str, str] = {}
    for run_id in runs:
        for above in _ancestors(run_id)[1 : _LAUNCHED_ABOVE + 1]:
            below[above] = "" if above in below or run_id in stores else run_id
    return {above: run_id for above, run_id in below.items() if run_id}


def _elsewhere(claims: Iterable[Claim]) -> dict[str, str]:
    """Folders that belong to a run of another folder beside them (a W&B run that was resumed)."""
    elsewhere: dict[str, str] = {}
    for claim in claims:
        if claim.role == "run" and len(claim.files) > 1:
            for file in claim.files:
                folder = file.rpartition("/")[0] or "."
                if claim.run_id not in _ancestors(folder) and folder not in _ancestors(claim.run_id):
                    elsewhere[folder] = claim.run_id
    return elsewhere


def _best_per_file(claims: Iterable[Claim]) -> list[Claim]:
    everything = list(dict.fromkeys(claims))
    owner: dict[str, Claim] = {}
    for claim in everything:
        if claim.format == "":
            continue
        for file in claim.files:
            rival = owner.get(file)
            if rival is None or claim.priority > rival.priority:
                owner[file] = claim
    best: list[Claim] = []
    for claim in everything:
        if claim.format == "":
            best.append(claim)
            continue
        files = tuple(file for file in claim.files if owner[file] is claim)
        if files == claim.files:
            best.append(claim)
        elif files:
            best.append(replace(claim, files=files))
    return best


def _ancestors(path: str) -> list[str]:
    """The path itself, then the folders above it up to the root."""
    out = [path]
    while path != ".":
        path = path.rpartition("/")[0] or "."
        out.append(path)
    return out
