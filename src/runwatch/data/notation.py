"""Numbers, dates and durations that stand as text: which notation a column is in, and its values."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from runwatch.data.arrays import as_text, buffer_values, numbers, taken
from runwatch.data.bookkeeping import are_whole_numbers, in_order, names_owners, names_rows
from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray

PLAIN = "number"
THOUSANDS = "number 1,234.5"
DECIMAL_COMMA = "number 1.234,5"
TIME_OF_DAY = "time"
ISO_DURATION = "duration PT1S"
CLOCK_DURATION = "duration 1 days 00:00:00"
ISO = "moment iso"
_MOMENT = "moment "
_EPOCH = "epoch "

_TRIED = 2_000
_MOSTLY = 0.99
_MANY = 50
_MARKS = ("na", "n/a", "#n/a", "#na", "nan", "null")
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EXPONENT = r"([eE][+-]?\d+)?"
_GROUP = r"[ \x{a0}\x{202f}'\x{2019}]"
_HEAD, _TAIL = r"^\s*[+-]?[$€£¥]?\s?", r"\s?[$€£¥%]?\s*$"
_FORMS = {
    PLAIN: rf"^\s*[+-]?(\d+(\.\d*)?|\.\d+){_EXPONENT}\s*$|^\s*(?i:nan|[+-]?inf(inity)?)\s*$",
    THOUSANDS: rf"{_HEAD}(\d+|\d{{1,3}}(,\d{{3}})+|\d{{1,3}}({_GROUP}\d{{3}})+)(\.\d*)?{_EXPONENT}{_TAIL}",
    DECIMAL_COMMA: rf"{_HEAD}(\d+|\d{{1,3}}(\.\d{{3}})+|\d{{1,3}}({_GROUP}\d{{3}})+)?(,\d*)?{_EXPONENT}"
    + _TAIL,
}
_CODE = r"^\s*[+-]?0\d"
_BROKEN = r"[.,eE%$€£¥]"
_DECORATION = r"[\s\x{a0}\x{202f}'\x{2019}$€£¥%]"
_CLOCK = r"(,? \d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?( ?[AaPp][Mm])?)?"
_CLOCKS = (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_ISO = r"^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?\s?(Z|UTC|[+-]\d\d(:?\d\d)?)?)?\s*$"
_DAY = rf"^(\d{{1,2}})([./-])(\d{{1,2}})[./-](\d{{4}}){_CLOCK}$"
_DAY_OF_TWO = rf"^(\d{{1,2}}/\d{{1,2}}/\d\d|\d\d([.-])\d\d[.-]\d\d){_CLOCK}$"
_WEEKDAY, _ZONE = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", r"(\d\d) ?(Z|(GMT|UTC)?([+-]\d{4})?( \(.*\))?)$"
_OTHERS = {
    "%Y/%m/%d": rf"^\d{{4}}/\d{{1,2}}/\d{{1,2}}{_CLOCK}$",
    "%Y.%m.%d": rf"^\d{{4}}\.\d{{1,2}}\.\d{{1,2}}{_CLOCK}$",
    "%d %b %Y": rf"^\d{{1,2}} [A-Za-z]{{3,9}} \d{{4}}{_CLOCK}$",
    "%d-%b-%Y": rf"^\d{{1,2}}-[A-Za-z]{{3,9}}-\d{{4}}{_CLOCK}$",
    "%d-%b-%y": rf"^\d{{1,2}}-[A-Za-z]{{3}}-\d\d{_CLOCK}$",
    "%d%b%Y": r"^\d\d[A-Za-z]{3}\d{4}$",
    "%d%b%Y:%H:%M:%S": r"^\d\d[A-Za-z]{3}\d{4}(:\d\d){3}(\.\d{1,9})?$",
    "%d/%b/%Y:%H:%M:%S": r"^\d\d/[A-Za-z]{3}/\d{4}(:\d\d){3}$",
    "%b %d, %Y": rf"^[A-Za-z]{{3,9}} \d{{1,2}}, \d{{4}}{_CLOCK}$",
    "%b %d %Y": rf"^[A-Za-z]{{3}} \d{{1,2}} \d{{4}}{_CLOCK}$",
    "%b %d %H:%M:%S %Y": r"^[A-Za-z]{3} +\d{1,2} \d\d:\d\d:\d\d \d{4}$",
    "%Y%m%dT%H%M%S": r"^\d{8}T\d{6}$",
    "%Y%m%d": r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$",
}
_MONTH = r"^(19|20)\d\d-(0[1-9]|1[0-2])$"
_ISO_ODDITIES = (
    (r"\s?UTC$", "Z"),
    (r"(:\d\d),(\d)", r"\1.\2"),
    (r"(:\d\d(\.\d+)?)\s?([+-]\d\d)$", r"\1\3:00"),
)
_TIME = r"^\d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?$"
_AMOUNT = r"\d+(?:\.\d+)?"
_ISO_DURATION = (
    rf"^(?P<sign>[+-]?)P(?:(?P<Y>{_AMOUNT})Y)?(?:(?P<M>{_AMOUNT})M)?(?:(?P<W>{_AMOUNT})W)?(?:(?P<D>{_AMOUNT})D)?"
    rf"(?:T(?:(?P<h>{_AMOUNT})H)?(?:(?P<m>{_AMOUNT})M)?(?:(?P<s>{_AMOUNT})S)?)?$"
)
_CLOCK_DURATION = rf"^(?P<D>-?\d+) days?,?(?: (?P<sign>[+-]?)(?P<h>\d+):(?P<m>\d\d):(?P<s>{_AMOUNT}))?$"
_SECONDS = {"Y": 365 * 86400, "M": 30 * 86400, "W": 7 * 86400, "D": 86400, "h": 3600, "m": 60, "s": 1}
_CLOCK_NAME = re.compile(
    r"(^|[_\W])(ts|time|times|timestamp|date|datetime|dt|epoch|unix\w*|created|updated|modified|at|when|since"
    r"|day|month|period|ymd|ym|yyyymm(dd)?(hh)?\w*)([_\W]|$|\d)|[a-z](At|Time|Date|Timestamp|Ts)$|(date|time|timestamp)(_?(s|ms|us|ns))?$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"[a-z](At|Time|Date|Timestamp)$")
_FEW_WORDS = 3
_FIRST, _LAST = 631_152_000, 4_102_444_800  # 1990 to 2100
_RECENT, _YEARS = 1_000_000_000, 20 * 31_556_952  # 2001
_CALENDAR = {6: "month", 8: "day", 10: "hour", 12: "minute", 14: "second"}
_THESE_YEARS, _FEW_YEARS = (1_262_304_000, 2_208_988_800), 5 * 31_556_952  # 2010 to 2040
_LEAST_ROWS, _DIFFERENT = 100, 0.5
_CENTURIES, _FEW_DATES = (1900, 2100), 5


def detect(text: Arrow) -> str:
    """The notation that all of the text is in (or nearly all of many different values): of numbers, moments,
    times of day or durations; empty for words. Whole numbers are codes as long as they repeat or any begins
    with a zero. A few words among numbers, such as "n/a", count for nothing. ``text``: an array of strings,
    or of their codes, without nulls."""
    text = _without_words(as_text(text))
    sample = _spread(text)
    if not len(sample):
        return ""
    form = _numbers_form(sample) or _time_form(sample)
    sure = len(sample) == len(text) and not form.startswith(_MOMENT)
    return form if form and (sure or _share(text, form) >= _MOSTLY) else ""


def without_marks(text: Arrow) -> Arrow:
    """The strings but those that Arrow's CSV reader takes for missing among numbers, such as "n/a"."""
    import pyarrow.compute as pc

    from runwatch.data.arrays import strings

    marks = pc.is_in(pc.utf8_lower(text), value_set=strings(list(_MARKS)))
    return text.filter(pc.invert(marks)) if pc.any(marks).as_py() else text


def _without_words(text: Arrow) -> Arrow:
    """The strings with a digit, where they are most and the others are no more than a few different words."""
    import pyarrow.compute as pc

    numbered = pc.match_substring_regex(text, r"\d")
    numbers = text.filter(numbered)
    if not len(text) > len(numbers) > len(text) / 2:
        return text
    return numbers if len(text.filter(pc.invert(numbered)).unique()) <= _FEW_WORDS else text


def _spread(text: Arrow) -> Arrow:
    if len(text) <= _TRIED:
        return text
    return taken(text, np.linspace(0, len(text) - 1, _TRIED))


def _matches(text: object, pattern: str) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0)


def _fits(text: Arrow, pattern: str) -> bool:
    count = _matches(text, pattern)
    return count == len(text) or (count >= _MOSTLY * len(text) and len(text.unique()) > _MANY)


def _share(text: Arrow, notation: str) -> float:
    return 1 - parse(text, notation)[1] / max(len(text), 1)


def _numbers_form(text: Arrow) -> str:
    notation = next((form for form, pattern in _FORMS.items() if _fits(text, pattern)), "")
    if not notation or _matches(text, _CODE):
        return ""
    if notation == PLAIN and not _matches(text, _BROKEN):
        return PLAIN if len(text) >= _MANY and len(text.unique()) > 0.5 * len(text) else ""
    digits = _matches(text, r"\d")
    return notation if digits >= _MOSTLY * len(text) else ""


def _undressed(text: Arrow) -> Arrow:
    """Moments without the name of the weekday and without the zone, which is taken for UTC."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.replace_substring_regex(text, _WEEKDAY, ""), _ZONE, r"\1")


def _time_form(text: Arrow) -> str:
    if _fits(text, _ISO):
        return ISO
    if _fits(text, _MONTH):
        return _MOMENT + "%Y-%m"
    bare = _undressed(text)
    for pattern, year in ((_DAY, "%Y"), (_DAY_OF_TWO, "%y")):
        if _fits(bare, pattern):
            return _MOMENT + _day_order(bare, year)
    for form, pattern in _OTHERS.items():
        if _fits(bare, pattern):
            return _MOMENT + form
    if _fits(text, _TIME):
        return TIME_OF_DAY
    if _fits(text, _ISO_DURATION) and _matches(text, r"\d"):
        return ISO_DURATION
    return CLOCK_DURATION if _fits(text, _CLOCK_DURATION) else ""


def _day_order(text: Arrow, year: str) -> str:
    """Day or month first, as the values above 12 tell; day first where none does."""
    import pyarrow.compute as pc

    parts = pc.extract_regex(text, r"^(?P<a>\d{1,2})(?P<sign>[./-])(?P<b>\d{1,2})[./-]\d\d").drop_null()
    sign = parts.field("sign")[0].as_py()
    second = max((int(value) for value in parts.field("b").unique().to_pylist()), default=0)
    order = ("%m", "%d") if second > 12 else ("%d", "%m")
    return f"{order[0]}{sign}{order[1]}{sign}{year}"


def measured_type(type_: str, notation: str) -> str:
    """The Arrow type that values in ``notation`` are counted as; ``type_`` itself where there is none."""
    for start, kind in ((_MOMENT, "timestamp[us]"), ("time", "time64[us]"), ("duration", "duration[us]")):
        if notation.startswith(start):
            return kind
    return "double" if notation.startswith("number") else type_


def parse(text: object, notation: str) -> tuple[AnyArray, int]:
    """(the values that can be read, how many cannot) of a string array without nulls: numbers as float64,
    moments, times of day and durations as int64 microseconds. A moment without a zone is taken as UTC."""
    if notation.startswith("number"):
        return to_numbers(text, notation)
    if notation.startswith("duration"):
        return _durations(text, notation)
    if notation == TIME_OF_DAY:
        return _times_of_day(text)
    return _moments(text, notation.removeprefix(_MOMENT))


def to_numbers(text: Arrow, notation: str = PLAIN) -> tuple[NDArray[np.float64], int]:
    """(the values that read as numbers, how many do not) of a string array without nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    good = text.filter(pc.match_substring_regex(text, _FORMS[notation]))
    if notation != PLAIN:
        good = pc.replace_substring_regex(good, _DECORATION, "")
        if notation == DECIMAL_COMMA:
            good = pc.replace_substring(pc.replace_substring(good, ".", ""), ",", ".")
        good = pc.replace_substring(good, ",", "")
        good = good.filter(pc.match_substring_regex(good, _FORMS[PLAIN]))
    values = pc.utf8_trim_whitespace(good).cast(pa.float64())
    return buffer_values(values), len(text) - len(good)


def _moments(text: Arrow, form: str) -> tuple[NDArray[np.int64], int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(text)
    if form == "%Y-%m":
        text, form = pc.binary_join_element_wise(text, "01", "-"), "iso"
    if form != "iso":
        values = numbers(_moments_by(form, _undressed(text)))
        return values, len(text) - len(values)
    for odd, plain in _ISO_ODDITIES:
        text = pc.replace_substring_regex(text, odd, plain)
    try:
        zone = "UTC" if _matches(text, r"(Z|:?\d\d[+-]\d\d:?\d\d)$") == len(text) else None
        values = numbers(text.cast(pa.timestamp("us", zone)))
        return values, 0
    except pa.ArrowInvalid:
        return _iso_one_by_one(text)


def _moments_by(form: str, text: Arrow) -> Arrow:
    """Timestamps in microseconds of text in ``form``, with or without a time of day behind it."""
    import pyarrow.compute as pc

    times = pc.strptime(text, format=form, unit="us", error_is_null=True)
    if times.null_count:
        text = pc.replace_substring_regex(text, r"(:\d\d)\.\d+", r"\1")
        text = pc.replace_substring_regex(text, r",( \d{1,2}:\d\d)", r"\1")
        text = pc.replace_substring_regex(text, r"(\d)([AaPp][Mm])$", r"\1 \2")
        for clock in ("", *_CLOCKS):
            times = pc.coalesce(times, pc.strptime(text, format=form + clock, unit="us", error_is_null=True))
    return times


def _iso_one_by_one(text: Arrow) -> tuple[NDArray[np.int64], int]:
    from datetime import UTC, datetime, timedelta

    start = datetime(1970, 1, 1, tzinfo=UTC)
    times: list[int] = []
    for value in text.to_pylist():
        try:
            moment = datetime.fromisoformat(value.strip())
            times.append((moment.replace(tzinfo=moment.tzinfo or UTC) - start) // timedelta(microseconds=1))
        except (ValueError, OverflowError):
            continue
    return np.array(times, dtype=np.int64), len(text) - len(times)


def _times_of_day(text: object) -> tuple[NDArray[np.int64], int]:
    return _summed(text, r"^\s*(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d(?:\.\d+)?))?\s*$")


def _durations(text: object, notation: str) -> tuple[NDArray[np.int64], int]:
    return _summed(text, _ISO_DURATION if notation == ISO_DURATION else _CLOCK_DURATION)


def _summed(text: Arrow, pattern: str) -> tuple[NDArray[np.int64], int]:
    """Microseconds of amounts by unit; a sign before the hours is theirs alone, one before all is all's."""
    import pyarrow.compute as pc

    groups = pc.extract_regex(text, pattern).drop_null()
    total = np.zeros(len(groups))
    names = [field.name for field in groups.type]
    negative = _negative(groups.field("sign")) if "sign" in names else np.zeros(len(groups), dtype=bool)
    for name in names:
        if name == "sign":
            continue
        amount = pc.if_else(pc.equal(groups.field(name), ""), "0", groups.field(name))
        values = to_numbers(amount)[0] * _SECONDS[name]
        own = name != "D" or names[0] == "sign"
        total += np.where(negative & own, -values, values)
    return np.round(total * 1e6).astype(np.int64), len(text) - len(groups)


def _negative(signs: object) -> NDArray[np.bool_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    return buffer_values(pc.equal(signs, "-").cast(pa.uint8())).astype(bool)


def epoch(name: str, values: AnyArray) -> str:
    """ "epoch s", "epoch ms", … for numbers that are moments by their size and by their name or order,
    "epoch day" for numbers like 20260301, "epoch month", "hour", "minute" and "second" for those of other
    lengths (202603, 20260301143000), else empty."""
    if len(values) < 2:
        return ""
    named = bool(_CLOCK_NAME.search(name) or _CAMEL.search(name))
    if not named and (names_owners(name) or names_rows(name)):
        return ""
    is_time = named or in_order(values)
    low, high = float(values.min()), float(values.max())
    digits = len(str(int(max(low, 0.0))))
    if digits in _CALENDAR and are_whole_numbers(values) and _is_calendar(values, digits, is_time):
        return _EPOCH + _CALENDAR[digits]
    for unit, scale in _UNITS.items():
        by_size = unit != "s" and low >= _RECENT * scale and high - low <= _YEARS * scale
        by_size = by_size or (unit == "s" and _few_years_of_seconds(values, low, high))
        if low >= _FIRST * scale and high <= _LAST * scale and (is_time or by_size):
            return _EPOCH + unit
    return ""


def _few_years_of_seconds(values: AnyArray, low: float, high: float) -> bool:
    """Whether numbers that nothing else tells to be seconds since 1970 are: of this decade or its neighbours,
    within a few years, and most of them different."""
    if low < _THESE_YEARS[0] or high > _THESE_YEARS[1] or high - low > _FEW_YEARS:
        return False
    return len(values) >= _LEAST_ROWS and len(np.unique(values)) > _DIFFERENT * len(values)


def _is_calendar(values: AnyArray, digits: int, is_time: bool) -> bool:
    """Whether all are dates of so many digits. Without a name or an order that tells, days of five different
    dates or more."""
    seen = np.unique(values).astype(np.int64)
    fields = [seen // 10 ** (digits - at) % 100 for at in range(6, digits + 1, 2)]
    limits = [(1, 12), (1, 31), (0, 23), (0, 59), (0, 60)]
    years = seen // 10 ** (digits - 4)
    right = bool((years >= _CENTURIES[0]).all() and (years <= _CENTURIES[1]).all()) and all(
        bool((field >= low).all() and (field <= high).all())
        for field, (low, high) in zip(fields, limits, strict=False)
    )
    return right and (is_time or (digits > 6 and len(seen) >= _FEW_DATES))


def epoch_values(array: Arrow, notation: str) -> AnyArray | None:
    """Times as numbers in an epoch notation; None where they cannot be."""
    import pyarrow as pa

    unit = notation.removeprefix(_EPOCH)
    try:
        if unit in _CALENDAR.values():
            moments = numbers(array.cast(pa.timestamp("s"), safe=False)).astype("datetime64[s]")
            return _calendar(moments, next(n for n, named in _CALENDAR.items() if named == unit))
        return numbers(array.cast(pa.timestamp(unit), safe=False))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None


def _calendar(moments: NDArray[np.datetime64], digits: int) -> NDArray[np.int64]:
    """Moments as numbers like 20260301, of 6 (year and month) to 14 digits (to the second)."""
    units = ("Y", "M", "D", "h", "m", "s")[: digits // 2 - 1]
    out = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    for above, unit in pairwise(units):
        part = moments.astype(f"datetime64[{unit}]") - moments.astype(f"datetime64[{above}]").astype(
            f"datetime64[{unit}]"
        )
        out = out * 100 + part.astype(np.int64) + (unit in "MD")
    return np.asarray(out, dtype=np.int64)
