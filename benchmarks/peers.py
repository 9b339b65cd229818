"""Evidently and NannyML with their defaults: which columns they call drifted, and what that costs.

Both go into an environment beside runwatch: pip install evidently nannyml 'pandas<3' (Evidently 0.7 does not
import with pandas 3). Their reports of use, of which NannyML sends one for each call, are switched off.

  python -m benchmarks.peers NAME REFERENCE BATCH    two CPU seconds, as JSON: whole, with the reference kept
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}

CHUNKS = 10
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def text_columns(frame: Any) -> list[str]:
    return [name for name in frame.columns if not name.startswith("num")]


class Evidently:
    """DataDriftPreset. It keeps nothing of a reference but the rows."""

    def __init__(self, reference: Any) -> None:
        from evidently import DataDefinition

        text = text_columns(reference)
        numbers = [name for name in reference.columns if name not in text]
        self.definition = DataDefinition(numerical_columns=numbers, categorical_columns=text)
        self.reference = self._set(reference)

    def _set(self, frame: Any) -> Any:
        from evidently import Dataset

        return Dataset.from_pandas(frame, data_definition=self.definition)

    def judge(self, batch: Any) -> dict[str, Any]:
        from evidently import Report
        from evidently.presets import DataDriftPreset

        made: dict[str, Any] = Report([DataDriftPreset()]).run(self._set(batch), self.reference).dict()
        return made

    def flagged(self, batch: Any) -> int:
        counts = [
            m["value"] for m in self.judge(batch)["metrics"] if "DriftedColumnsCount" in m["metric_name"]
        ]
        return int(counts[0]["count"])


class NannyML:
    """UnivariateDriftCalculator: the reference in ten chunks, and so the batch."""

    def __init__(self, reference: Any, judged: int = CHUNKS) -> None:
        from nannyml import UnivariateDriftCalculator

        self.judged = judged
        made = UnivariateDriftCalculator(column_names=list(reference.columns), chunk_number=CHUNKS)
        self.fitted = made.fit(reference)

    def judge(self, batch: Any) -> Any:
        return self.fitted.calculate(batch)

    def flagged(self, batch: Any) -> int:
        """Columns with an alert in any of the first ``judged`` chunks."""
        frame = self.judge(batch).filter(period="analysis").to_df().iloc[: self.judged]
        alerts = [column for column in frame.columns if column[-1] == "alert"]
        return len({column[0] for column in alerts if frame[column].any()})


@dataclass(frozen=True)
class Peer:
    package: str
    make: Callable[[Any], Evidently | NannyML]

    @property
    def version(self) -> str | None:
        """None where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


PEERS = {"Evidently": Peer("evidently", Evidently), "NannyML": Peer("nannyml", NannyML)}
FLAGGERS = {
    "Evidently": PEERS["Evidently"],
    "NannyML, any of ten chunks": PEERS["NannyML"],
    "NannyML, its first chunk": Peer("nannyml", lambda reference: NannyML(reference, judged=1)),
}


def count_flagged(peer: Peer, reference: dict[str, Any], current: dict[str, Any]) -> int:
    """How many columns the peer calls drifted. Columns of categories become words."""
    import pandas as pd

    frames = [pd.DataFrame(table) for table in (reference, current)]
    a, b = (frame.astype(dict.fromkeys(text_columns(frame), str)) for frame in frames)
    return peer.make(a).flagged(b)


def spent(name: str, reference: Path, batch: Path, one_thread: bool = False) -> tuple[float, float]:
    """CPU seconds in a process of its own, imports left out: load both tables, learn and judge; then load and
    judge the batch alone. Raises CalledProcessError where the peer fails; its message is on stderr."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.peers", name, str(reference), str(batch)]
    env = os.environ | (ONE_THREAD if one_thread else {})
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=env)
    whole, kept = json.loads(done.stdout.strip().splitlines()[-1])
    return whole, kept


def measure(name: str, reference: str, batch: str, repeats: int = 3) -> tuple[float, float]:
    """The medians of ``repeats``, after a first one at 1,000 rows, which pays for late imports."""
    import pandas as pd

    small = pd.read_parquet(reference).head(1000)
    make = PEERS[name].make
    make(small).judge(small)
    rounds = []
    for _ in range(repeats):
        began = time.process_time()
        learned = make(pd.read_parquet(reference))
        between = time.process_time()
        learned.judge(pd.read_parquet(batch))
        ended = time.process_time()
        rounds.append((ended - began, ended - between))
    whole, kept = zip(*rounds, strict=True)
    return median(whole), median(kept)


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:4])))
