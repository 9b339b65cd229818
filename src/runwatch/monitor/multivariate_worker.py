"""What needs scikit-learn, in a process of its own: ``python -m runwatch.monitor.multivariate_worker`` reads
data sets on stdin and keeps its answers in the cache, where the monitor finds them."""

from __future__ import annotations

import os
import sys

from msgspec.structs import replace

from runwatch.domain.codec import from_bytes
from runwatch.monitor.data_pipeline import DataSpec


def main() -> int:
    """Work out for each data set what needs scikit-learn, and keep it."""
    from runwatch.monitor.data_sets import classify
    from runwatch.store.cache import CacheFile
    from runwatch.system.folders import cache_dir

    os.nice(10)
    cache = CacheFile(cache_dir())
    for spec in from_bytes(list[DataSpec], sys.stdin.buffer.read()):
        job = replace(spec, options=replace(spec.options, multivariate=True))
        classify(job, cache)
    cache.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
