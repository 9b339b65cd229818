"""In text columns of a CSV only an empty cell is missing; "NA" and "null" are words."""

from __future__ import annotations

from pathlib import Path

from runwatch.data.workflow import find_files, open_reference, profile_batches
from runwatch.domain.profile import DataOptions


def test_na_is_a_word_in_text_and_missing_in_numbers(tmp_path: Path) -> None:
    (tmp_path / "ref.csv").write_text("city,n\n" + "NA,1\nRome,2\nnull,3\n" * 50)
    (tmp_path / "now.csv").write_text("city,n\n" + "NA,NA\nRome,2\n,3\n" * 50)
    reference = open_reference(find_files([str(tmp_path / "ref.csv")]), DataOptions())
    named, _, _ = profile_batches(find_files([str(tmp_path / "now.csv")]), reference.grid)
    columns = {c.name: named[0].profile.column(i) for i, c in enumerate(reference.grid.columns)}
    assert (columns["city"].missing, columns["n"].missing) == (50, 50)
    assert reference.profile.column(0).missing == 0
