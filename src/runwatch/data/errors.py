"""What goes wrong with a data file, in words for a person."""

from __future__ import annotations

from runwatch.domain.errors import UserError
from runwatch.domain.run import Problem


class DataError(UserError):
    """A file that cannot be used. ``file``: as the person named it; ``what``: what is wrong; ``hint``: what
    to do about it."""

    def __init__(self, file: str, what: str, hint: str = "") -> None:
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
    text = str(error).strip().splitlines()
    what = text[0] if text else type(error).__name__
    if isinstance(error, FileNotFoundError):
        return DataError(file, "does not exist", "check the path")
    if "://" in file and isinstance(error, PermissionError):
        return DataError(file, f"access is denied ({what[:200]})", "check the credentials")
    if "://" in file and isinstance(error, OSError):
        return DataError(file, f"cannot be reached ({what[:200]})", "check whether its server answers")
    if isinstance(error, PermissionError):
        return DataError(file, "cannot be read (permission denied)", "check the file's owner and mode")
    if isinstance(error, MemoryError):
        return DataError(file, "is too large for this machine's memory", "split it into smaller row groups")
    if isinstance(error, ImportError):
        return DataError(file, what, "install the missing package")
    return DataError(file, f"cannot be read ({what[:200]})", "write the file again, or leave it out")
