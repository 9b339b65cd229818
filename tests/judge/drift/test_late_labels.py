"""Labels that have not arrived are no drift of the data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runwatch.cli import main


@pytest.mark.parametrize("there", [0.0, 0.4])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_labels_that_are_still_to_come_are_no_drift(
    tmp_path: Path, capsys, there: float, ending: str
) -> None:
    r = np.random.default_rng(0)
    for name, n in (("ref", 4000), ("new", 2000)):
        label = pd.array((r.random(n) < 0.3).astype(int), dtype="Int64")
        if name == "new":
            label[r.random(n) >= there] = pd.NA
        data = pd.DataFrame({"x": r.normal(size=n), "y_true": label})
        data.to_csv(tmp_path / f"{name}.csv", index=False)
        data.to_parquet(tmp_path / f"{name}.parquet", index=False)
    reference, current = str(tmp_path / f"ref.{ending}"), str(tmp_path / f"new.{ending}")
    assert main(["drift", reference, current, "--target", "y_true", "--json"]) == 0
    found = {c["name"]: c for c in json.loads(capsys.readouterr().out)["columns"]}["y_true"]
    assert found["verdict"] == ("stable" if there else "unknown") and found["missing_current"] > 0.5
    assert there or found["reason"] == "the batch has no labels yet"
    assert main(["quality", current, "--reference", reference, "--target", "y_true"]) == 0
