"""Text that went through the wrong encoding, holds control characters, or is padded with blanks."""

from __future__ import annotations

import re

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent

NAME = "encoding"
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3\u00c4\u00c5\u00d0\u00d1][\u0080-\u00bf]|\u00e2[\u0080-\u00bf\u20ac\u201a-\u2122]|\ufffd|\\\\x[89a-f][0-9a-f]"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u009f\u200b\u200e\u200f\u202a-\u202e\ufeff]")
_SHOWN = 5


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    binary = {name for name, type_ in case.current.schema if "binary" in type_}
    for name, values in case.sample.items():
        if values.dtype != object:
            continue
        texts = [value for value in values if isinstance(value, str)]
        if not texts:
            continue
        garbled = [v for v in texts if _MOJIBAKE.search(v)]
        control = [v for v in texts if _CONTROL.search(v) and not _MOJIBAKE.search(v)]
        if name in binary and len(garbled) + len(control) > len(texts) / 2:
            continue  # bytes that are no text
        padded = [v for v in texts if v != v.strip()]
        out.extend(_fault(name, garbled, len(texts), "warning", "look garbled", "read the source as UTF-8"))
        advice = "strip control and invisible characters at the source"
        out.extend(_fault(name, control, len(texts), "warning", "hold control characters", advice))
        if len(padded) < len(texts):
            advice = "strip blanks: 'a' and 'a ' count as two categories"
            out.extend(_fault(name, padded, len(texts), "info", "begin or end with blanks", advice))
    return out


def _fault(
    name: str, odd: list[str], total: int, severity: Severity, what: str, advice: str
) -> list[QualityCheck]:
    if not odd:
        return []
    samples = tuple(dict.fromkeys(odd))[:_SHOWN]
    summary = f"{percent(len(odd) / total, 1)} of the values {what}"
    return [
        QualityCheck(
            NAME,
            severity=severity,
            column=name,
            summary=summary,
            advice=advice,
            evidence={"share": len(odd) / total},
            samples=samples,
        )
    ]
