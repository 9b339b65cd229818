"""What goes wrong with a data file, in words for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from runwatch.domain.address import split
from runwatch.domain.errors import UserError
from runwatch.domain.run import Problem

_SIGNED = re.compile(
    r"([?&][^=&\s'\"]*(?:sig|token|key|secret|password|credential|expires|-date)[^=&\s'\"]*=)[^&\s'\")]+",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")


def without_secrets(text: str) -> str:
    """Text with the passwords of its URLs left out, and what signs them: a name for people, which also stays
    when a URL is signed anew."""
    if "://" not in text:
        return text
    return _LOGIN.sub(r"\1@", _SIGNED.sub(r"\1…", text))


class DataError(UserError):
    """A file that cannot be used. ``file``: as the person named it; ``what``: what is wrong; ``hint``: what
    to do about it."""

    def __init__(self, file: str, what: str, hint: str = "") -> None:
        file, what = without_secrets(file), without_secrets(what)
        super().__init__(f"{file}: {what}" + (f"; {hint}" if hint else ""))
        self.file, self.what, self.hint = file, what, hint

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str, str]]:
        return DataError, (self.file, self.what, self.hint)

    @property
    def problem(self) -> Problem:
        return Problem(self.file, None, self.what, self.hint)


def explained(file: str, error: BaseException) -> DataError:
    """Any library's error about a file as a ``DataError``: its first line, and what to do."""
    if isinstance(error, DataError):
        return error
    if "://" in file and isinstance(error, FileNotFoundError) and _of_the_network(error.__cause__):
        error = error.__cause__ or error  # fsspec says so of all that a web server refuses
    text = str(error).strip().splitlines()
    what = text[0] if text else type(error).__name__
    if isinstance(error, FileNotFoundError):
        if (address := split(file)) and "://" not in file:
            hint = f"run it there (ssh {address[0]} runwatch ...), or copy the file here"
            return DataError(file, "data of another machine is judged on that machine", hint)
        return DataError(file, "does not exist", "check the path")
    if "://" in file and (trouble := _of_the_network(error)):
        return DataError(file, f"{trouble[0]} ({what[:200]})", trouble[1])
    if isinstance(error, PermissionError):
        return DataError(file, "cannot be read (permission denied)", "check the file's owner and mode")
    if isinstance(error, MemoryError):
        return DataError(file, "is too large for this machine's memory", "split it into smaller row groups")
    if isinstance(error, ImportError):
        return DataError(file, what, "install the missing package")
    hint = "write the file again, or leave it out"
    if "more than 64 bits" in what:  # what Arrow says of polars' Int128 in its own format
        hint = "cast its 128-bit integers, or write Parquet"
    return DataError(file, f"cannot be read ({what[:200]})", hint)


@contextmanager
def explaining(file: str) -> Iterator[None]:
    """Whatever goes wrong in here with a file is raised as a ``DataError``."""
    try:
        yield
    except Exception as error:
        raise explained(file, error) from error


_DENIED = {"AuthenticationException", "NoCredentialsError", "PartialCredentialsError"}
_NETWORK = {"BotoCoreError", "ClientError", "SSHException"}


def _status(error: BaseException | None) -> int:
    """The HTTP status that an error of aiohttp or botocore is about, 0 for none."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    status = getattr(error, "status", 0)
    return status if isinstance(status, int) else 0


def _of_the_network(error: BaseException | None) -> tuple[str, str] | None:
    """What is wrong between here and a server, by the names that the libraries of the protocols use."""
    status = _status(error)
    if error is None or status in (404, 410):
        return None
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, PermissionError) or names & _DENIED or status in (401, 403):
        return "access is denied", "check the credentials"
    if "known_hosts" in str(error) or "BadHostKeyException" in names:
        return ("is on a host whose key is unknown", "connect to it once with ssh and verify its key")
    if (isinstance(error, OSError) and not isinstance(error, FileNotFoundError)) or names & _NETWORK:
        return "cannot be reached", "check whether its server answers"
    return None
