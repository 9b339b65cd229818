"""CSV files whose first line is a row, as Spark writes them unless it is asked for a header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runwatch.data.formats import format_of
from runwatch.data.workflow import find_files, open_reference
from runwatch.domain.profile import DataOptions

NAMES = {
    "years": "country,2019,2020,2021\nFR,3,4,5\nDE,2,7,1\nIT,9,2,3\n",
    "quantiles": "model,0.1,0.5,0.9\na,0.2,0.4,0.8\nb,0.1,0.6,0.7\nc,0.3,0.5,0.95\n",
    "positions": "0,1,2\n5.5,3.5,1.5\n1.0,2.0,3.0\n0.5,7.5,2.5\n",
    "days": "shop,2026-01-01,2026-01-02\na,3,4\nb,5,6\nc,7,8\n",
    "words": "city,kind\nRome,a\nOslo,b\nBonn,c\n",
    "usual": "x,y\n1.5,2026-01-01\n2.5,2026-01-02\n3.5,2026-01-03\n",
}
ROWS = {
    "numbers": "0.52,red,7\n-1.31,blue,3\n0.94,red,9\n0.11,green,4\n",
    "times": "red,2026-03-01T10:00:00\nblue,2026-03-01T11:30:00\nred,2026-03-02T09:00:00\n",
    "truths": "true,a\nfalse,b\ntrue,c\ntrue,d\n",
    "codes": "7,0,0,3\n2,0,1,4\n5,1,0,0\n1,0,0,9\n",
    "commas": "0,52;red\n-1,31;blue\n0,94;red\n0,11;green\n",
    "gap": ",red,2.5\n4,blue,3.5\n5,red,1.25\n6,green,4.5\n",
    "growing ids": "1000,0.5,a\n1001,0.75,b\n1002,0.25,c\n1003,0.5,d\n",
}


def names(path: Path, text: str) -> list[str]:
    path.write_text(text)
    (file,) = find_files([str(path)])
    return [name for name, _ in format_of(file).schema(file)]


@pytest.mark.parametrize("case", NAMES)
def test_names_are_names(tmp_path: Path, case: str) -> None:
    assert names(tmp_path / "a.csv", NAMES[case]) == NAMES[case].split("\n")[0].split(",")


@pytest.mark.parametrize("case", ROWS)
def test_a_first_row_is_a_row(tmp_path: Path, case: str) -> None:
    text = ROWS[case]
    sign = ";" if ";" in text else ","
    found = names(tmp_path / "a.csv", text)
    assert found == [f"_c{i}" for i in range(len(text.split("\n")[0].split(sign)))]
    reference = open_reference(find_files([str(tmp_path / "a.csv")]), DataOptions())
    assert reference.profile.rows == text.count("\n")


def test_parts_of_a_table_without_names_are_one_table(tmp_path: Path) -> None:
    r = np.random.default_rng(1)
    for part in range(3):
        rows = [f"{v:.4f},{w}" for v, w in zip(r.normal(size=200), r.choice(["a", "b"], 200), strict=True)]
        (tmp_path / f"part-0000{part}.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "_SUCCESS").write_text("")
    reference = open_reference(find_files([str(tmp_path)]), DataOptions())
    assert [column.name for column in reference.grid.columns] == ["_c0", "_c1"]
    assert reference.profile.rows == 600
