"""Profiles on a Dask cluster that someone else runs: the same function, only counts travel back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import groupby
from typing import Any

from runwatch.data.errors import DataError, explained
from runwatch.data.formats.base import Piece
from runwatch.data.profile import profile
from runwatch.data.profile_cache import Answer
from runwatch.domain.errors import UserError
from runwatch.domain.profile import ProfileGrid, TableProfile, empty_profile, merge

FAN_IN = 8
_CONNECT_SECONDS = 10


class DaskEngine:
    """Profiles pieces on the cluster at ``dask://HOST:PORT``. Each file's pieces are merged there, in a tree
    of fan-in 8. UserError when the cluster cannot be reached or cannot import this version of runwatch."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, function: Callable[..., Answer], *args: object) -> Answer:
        """What ``function`` makes of ``args`` on one of the workers."""
        with self._client() as client:
            self._check(client)
            answer: Answer | DataError = client.submit(tried, function, args, pure=False, retries=2).result()
        if isinstance(answer, DataError):
            raise answer
        return answer

    def profiles(self, pieces: Sequence[Piece], grid: ProfileGrid) -> Iterable[TableProfile | DataError]:
        """One answer a piece, in order: a file's first piece answers for all of its pieces, the others
        with the empty profile, so that the answers add up to the same counts."""
        if not pieces:
            return []
        with self._client() as client:
            self._check(client)
            # a task, not scatter: that waits for ever for a worker that has just died
            shared = client.submit(_unchanged, grid, pure=False, retries=2)
            groups = [list(group) for _, group in groupby(pieces, key=lambda piece: piece.file.uri)]
            futures = [_tree(client, group, shared) for group in groups]
            answers = client.gather(futures, errors="raise")
        out: list[TableProfile | DataError] = []
        for group, answer in zip(groups, answers, strict=True):
            out.append(answer)
            out.extend([empty_profile(grid)] * (len(group) - 1))
        return out

    def _client(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise UserError("--engine: needs distributed; pip install 'runwatch[dask]'") from error
        where = "tcp://" + self.address.removeprefix("dask://")
        try:
            connect: Any = Client
            return connect(where, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            what = f"--engine {self.address}: no Dask scheduler answers"
            raise UserError(f"{what}; start one with: dask scheduler") from error

    def _check(self, client: Any) -> None:
        """Workers must run this version: anything else fails in the middle with a riddle."""
        from runwatch import __version__

        for worker, version in client.run(_version, on_error="return").items():
            if isinstance(version, OSError):
                continue  # a worker that died meanwhile: its work goes to the others
            if version != __version__:
                version = version if isinstance(version, str) else None
                what = f"--engine {self.address}: {worker} has {version or 'no'} runwatch"
                raise UserError(f"{what}; on every worker: pip install 'runwatch[dask]=={__version__}'")


def tried(function: Callable[..., object], args: Sequence[object]) -> object:
    """What the function makes of its arguments, or what is wrong with its files: an answer, since an error
    would be tried again and travel less surely."""
    try:
        return function(*args)
    except Exception as error:
        return explained(_here(), error)


def _version() -> str | None:
    try:
        from runwatch import __version__
    except ImportError:
        return None
    return __version__


def _unchanged(grid: ProfileGrid) -> ProfileGrid:
    return grid


def _tree(client: Any, pieces: Sequence[Piece], grid: ProfileGrid) -> object:
    layer = [client.submit(profile_or_error, piece, grid, pure=False, retries=2) for piece in pieces]
    while len(layer) > 1:
        bundles = [layer[start : start + FAN_IN] for start in range(0, len(layer), FAN_IN)]
        layer = [client.submit(merge_all, bundle, pure=False) for bundle in bundles]
    return layer[0]


def profile_or_error(piece: Piece, grid: ProfileGrid) -> TableProfile | DataError:
    """The piece's profile, or why this worker cannot read it."""
    try:
        return profile(piece, grid)
    except DataError as error:
        return DataError(error.file, f"{error.what} (on {_here()})", error.hint)
    except Exception as error:
        return explained(piece.file.name, error)


def _here() -> str:
    from distributed import get_worker

    try:
        return f"worker {get_worker().address}"
    except ValueError:
        return "this process"


def merge_all(answers: Sequence[TableProfile | DataError]) -> TableProfile | DataError:
    """The sum of profiles, or the first error among them."""
    profiles: list[TableProfile] = []
    for answer in answers:
        if isinstance(answer, DataError):
            return answer
        profiles.append(answer)
    return reduce(merge, profiles)
