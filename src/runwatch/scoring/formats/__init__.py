"""One file a model format: each offers ``NAME``, ``NEEDS``, ``recognise`` and ``load``."""

from __future__ import annotations

import os
from functools import cache
from typing import cast

from runwatch.domain.plugins import modules_in
from runwatch.scoring.base import ModelFormat, ScoringError
from runwatch.system.files import NotRegular, open_regular

_HEAD = 4096
MAX_MODEL = 4 << 30
_PICKLED = (".pkl", ".pickle", ".joblib", ".sav", ".pt", ".pth", ".cloudpickle", ".dill")
_MAGIC = (*(b"\x80" + bytes([n]) for n in range(2, 6)), b"(dp", b"ccopy_reg", b"c__main__")
_CONVERT = (
    "opening it would run whatever code is in it; convert it where it was made: "
    "skops.io.dump(model, 'model.skops'), or skl2onnx / torch.onnx.export"
)


@cache
def formats() -> tuple[ModelFormat, ...]:
    """Every format in this package."""
    return tuple(cast(ModelFormat, module) for module in modules_in(__name__))


def format_of(path: str) -> ModelFormat:
    """The format of a model file. ScoringError when it is a pickle, of no known format or cannot be read."""
    head = _head(path)
    if path.lower().endswith(_PICKLED) or head.startswith(_MAGIC):
        raise ScoringError(path, "a pickled model is never opened", _CONVERT)
    format_ = next((one for one in formats() if one.recognise(path, head)), None)
    if format_ is None:
        names = " or ".join(one.NAME for one in formats())
        raise ScoringError(path, "is not in a supported model format", f"give {names}")
    return format_


def _head(path: str) -> bytes:
    try:
        handle, stat = open_regular(path)
    except NotRegular as error:
        raise ScoringError(path, "is not a regular file", "give a model file") from error
    except OSError as error:
        raise ScoringError(path, (error.strerror or "cannot be read").lower(), "check the path") from error
    with os.fdopen(handle, "rb") as file:
        if stat.st_size > MAX_MODEL:
            raise ScoringError(path, f"is larger than {MAX_MODEL >> 30} GiB", "export a smaller model")
        try:
            return file.read(_HEAD)
        except OSError as error:
            raise ScoringError(path, (error.strerror or "cannot be read").lower(), "check it") from error
