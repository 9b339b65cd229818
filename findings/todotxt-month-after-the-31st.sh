#!/usr/bin/env bash
# Two todo.txt programs, one key, two days.
#
# Guessed: `rec:+1m` means the same day in every todo.txt program, since topydo's documentation and pter's name each
# other's keys. True: a month after 31 January topydo clamps to the end of February, pter counts days on from the
# 1st of the month and lands on 3 March; 5b is five business days in topydo, in pter five calendar days with a
# weekend at their end skipped. A list that both programs edit drifts apart. runwatch clamps, and counts business
# days, as topydo does.
#
# topydo 0.16, pter 3.23.1, pytodotxt 3.1.0; 2026-11-30.
set -eu
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check topydo==0.16 pter==3.23.1 pytodotxt==3.1.0
"$tmp/venv/bin/python" - <<'PY'
from datetime import date
from pter.utils import get_relative_date
from topydo.lib.RelativeDate import relative_date_to_date

expected = {
    (date(2026, 1, 31), "1m"): ("2026-02-28", "2026-03-03"),
    (date(2026, 12, 31), "2m"): ("2027-02-28", "2027-03-03"),
    (date(2024, 2, 29), "1y"): ("2025-02-28", "2025-03-01"),
    (date(2026, 1, 28), "1m"): ("2026-02-28", "2026-02-28"),
    (date(2026, 11, 25), "5b"): ("2026-12-02", "2026-11-30"),
}
for (start, span), (topydo, pter) in expected.items():
    said = str(relative_date_to_date(span, start)), str(get_relative_date(span, None, start))
    print(f"{start} + {span}: topydo {said[0]}, pter {said[1]}")
    assert said == (topydo, pter), said
PY
