"""W&B's media objects: 0.31 writes a table's or an image's fields one by one."""

from __future__ import annotations

from runwatch.domain.operations import Append
from runwatch.readers.wandb._record import RecordContent


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def _item(value: str, *key: str) -> bytes:
    parts = b"".join(_field(2, part.encode()) for part in key)
    raw = value.encode()
    return _field(1, parts + b"\x82\x01" + bytes([len(raw)]) + raw)


def test_the_fields_of_a_media_object_are_no_metrics() -> None:
    row = b"".join(
        [
            _item("0.5", "val/acc"),
            _item('"table-file"', "samples", "_type"),
            _item("3", "samples", "nrows"),
            _item("1", "samples", "deep", "size"),
            _item("2", "samples2", "count"),
        ]
    )
    content = RecordContent()
    content.record(_field(2, row))
    told = [said.tag for said in content.operations("") if isinstance(said, Append)]
    assert told == ["val/acc", "samples2/count"]
