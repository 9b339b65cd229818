"""Settings as they hold, with the file that said them. Secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runwatch.config.settings import DERIVED, Settings
from runwatch.domain.borders import JsonDict
from runwatch.domain.codec import to_plain
from runwatch.text.jsonable import SCHEMA, plain
from runwatch.text.safe import run_name, safe

_SECRET = {"urls", "webhook", "key"}


def settings_json(settings: Mapping[str, Settings]) -> JsonDict:
    rows = [
        {"root": run_name(root), "file": s.file, "settings": plain(_masked(to_plain(s)))}
        for root, s in settings.items()
    ]
    return {"schema": SCHEMA, "roots": rows}


def settings_text(settings: Mapping[str, Settings]) -> str:
    """What differs from the defaults, root by root."""
    lines: list[str] = []
    for root, own in settings.items():
        lines.append(f"{safe(root)}  ({safe(own.file or 'no configuration file')})")
        mine, default = dict(_rows(_masked(to_plain(own)))), dict(_rows(_masked(to_plain(Settings()))))
        for key, value in mine.items():
            ours = re.split(r"[.\[]", key, maxsplit=1)[0] in DERIVED
            if not ours and default.get(key) != value and value not in ("None", "()"):
                lines.append(f"  {safe(key)} = {safe(value)}")
    return "\n".join(lines)


def _rows(table: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(table, Mapping):
        for key, value in table.items():
            yield from _rows(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(table, list | tuple) and table and isinstance(table[0], Mapping):
        for index, value in enumerate(table):
            yield from _rows(value, f"{prefix}[{index}]")
    else:
        yield prefix, repr(table)


def _masked(table: JsonDict) -> JsonDict:
    alerts = dict(table["alerts"])
    for key in _SECRET:
        if alerts.get(key):
            alerts[key] = "(set, not shown)"
    return {**table, "alerts": alerts}
