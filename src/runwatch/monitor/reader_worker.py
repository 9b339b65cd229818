"""The process that reads tables: ``python -m runwatch.monitor.reader_worker [DESCRIPTOR]``. Wishes come
pickled on stdin from the process that started it; answers, made of what strangers wrote, go out as JSON, one
a line. DESCRIPTOR: where the file that is being read is noted."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from typing import IO, Any

from runwatch.data import crash_notes
from runwatch.domain.codec import to_plain
from runwatch.domain.errors import UserError
from runwatch.monitor.reader_process import LENGTH
from runwatch.monitor.table_reader import LocalTableReader
from runwatch.store.cache import CacheFile
from runwatch.system.deaths import end_with_parent
from runwatch.system.folders import cache_dir


def main() -> int:
    """Do jobs until there are no more."""
    end_with_parent()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    note = int(sys.argv[1]) if len(sys.argv) > 1 else None
    cache = CacheFile(cache_dir())
    reader = LocalTableReader(cache)

    def say(what: str, value: object) -> None:
        print(json.dumps({what: value}), file=answers, flush=True)

    while (request := _next(sys.stdin.buffer)) is not None:
        job, refused = pickle.loads(request)
        crash_notes.note_on(note, refused)
        say(*_granted(reader, job, say))
        crash_notes.done()
    cache.close()
    return 0


def _granted(reader: LocalTableReader, job: Any, say: Callable[[str, Any], None]) -> tuple[str, object]:
    try:
        return "answer", to_plain(reader.ask(job, lambda part: say("told", to_plain(part))))
    except UserError as error:
        return "wrong", str(error)
    except Exception as error:
        return "failed", repr(error)


def _next(jobs: IO[bytes]) -> bytes | None:
    """The next job; None at the end."""
    head = jobs.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    body = jobs.read(size)
    return body if len(body) == size else None


if __name__ == "__main__":
    sys.exit(main())
