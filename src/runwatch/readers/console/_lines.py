"""What one console line says of progress: epoch, batch, step, and numbers with names.

"train loss 2.4, val loss 2.5" gives the tags ``train/loss`` and ``val/loss``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from runwatch.domain.directions import direction_of, split_of

MAX_PAIRS = 64

_NUMBER = (
    r"[-+]?(?:(?:[1-9]\d{0,2}(?:,\d{3}){1,6}(?!\d)|\d{1,30})(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,4})?"
    r"|[-+]?(?:nan|inf(?:inity)?)"
)
_PAIR = re.compile(
    r"(?<![\w/.@%:-])([A-Za-z_][\w/.@%-]{0,80})(?:['\"]?\s{0,12}[:=]\s{0,12}['\"]?|(\s{1,12}))"
    rf"(?:\[(?=[^\[\],]{{1,40}}\]))?({_NUMBER})(?:\s?/\s?(\d{{1,15}}))?(?!\w|\.[\w.]|[:,-]\d)",
    re.IGNORECASE,
)
_EPOCH = re.compile(
    r"(?:\bepochs?(?:\((?:train|val|test)\))?['\"]?\s{0,4}[:=#]?\s{0,4}['\"]?\[?\s{0,8}"
    r"|^train: (?=\d{1,9} \[)|\bep\.\s|^(?=\d{1,9}/\d{1,9} \* epoch)|^\[(?=\d{1,9}/\d{1,9}\]\s?\[\d{1,15}/))"
    r"(\d{1,9}(?:\.\d{1,18})?)(?![\w.%])"
    r"(?:\s{0,4}(?:/|of)\s{0,4}(\d{1,9}))?",
    re.IGNORECASE,
)
_COUNT = r"(?:[1-9]\d{0,2}(?:,\d{3}){1,5}(?![\d,])|\d{1,18})"
_STEP = re.compile(
    r"(?:(?<![\w/])|(?<=\d/)(?=global_step))(?:global_?step(?:/max_steps)?"
    r"|steps?|iter(?:\((?:train|val|test)\))?|iteration|episode"
    r"|(?:total_|num_)timesteps|(?:train_|valid_)?num_updates|up\.)['\"]?"
    rf"\s{{0,4}}[:=#]?\s{{0,4}}['\"]?\[?\s{{0,8}}({_COUNT})(?![\w.%])"
    rf"(?:\s{{0,4}}(?:/|of)\s{{0,12}}({_COUNT}))?",
    re.IGNORECASE,
)
_BATCH = re.compile(
    rf"\bbatch(?:_?id(?:x)?)?['\"]?\s{{0,4}}[:=#]?\s{{0,4}}\[?({_COUNT})(?![\w.%])(?:/({_COUNT}))?",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^\[(\d{1,15})/(\d{1,15})\]\s")
_HEADING = re.compile(
    r"\W{0,80}(?:learning |training |train )?(?:iteration|iter|(?:global )?step|episode|batch)"
    r"\W{0,12}\d[\d,]{0,24}(?:\s{0,12}(?:/|of)\s{0,12}\d[\d,]{0,24})?\W{0,80}",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?<![\w./,-])(\d{1,15})\s{0,8}/\s{0,8}(\d{1,15})(?![\w./-])")
_SPLIT = "train|training|test|val|valid|validation|eval|evaluation|dev"
_CONTEXT = re.compile(
    rf"^\W{{0,8}}({_SPLIT})\b(?![/.-]| epoch\b)|\bepoch \d{{1,9}},? ({_SPLIT}): |\[({_SPLIT})\]"
    rf"|\b(?:epoch|iter)\s?\(({_SPLIT})\)"
    rf"|\|\s(train_inner|{_SPLIT})\s\||\bvalid on '(\w{{1,40}})' subset|^(eval) num_timesteps=",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(rf"(?:^|[^\w])({_SPLIT}) $", re.IGNORECASE)
_PHRASE = re.compile(r"(?:^|[\[\](|,;:\t{]|\s-)\s{0,4}((?:[A-Za-z][\w-]{0,20} ){1,2})$")
_SIGHT = 240
_BOOKKEEPING_HINTS = ("Trial ", "best", "Best", "[neptune]", "lifecycle", "HTTP retries")
_FLAG_HINTS = ("True", "False", "None", "true", "false", "null")
_SETTINGS_STARTS = frozenset("hHpPcCaAsSoO")
_GENSIM_HINTS = ("words/s", "EPOCH ", "perplexity estimate")
_LAST_WORD = re.compile(r"(?<![\w.])([A-Za-z]\w{0,40})$")
_BRACKETED = re.compile(rf"\[({_SPLIT})\]\s", re.IGNORECASE)
_NAMED_BRACE = re.compile(r"['\"]?(\w{1,40})['\"]?\s?[:=]\s?$")
_SEGMENT = re.compile(rf"\s{{0,8}}({_SPLIT})\b(?![/.-])\s{{0,4}}[:=-]?\s", re.IGNORECASE)
_PLACES = frozenset(("epoch", "step", "iter", "iteration", "batch", "rank", "time", "average"))
_SMALL_WORDS = frozenset(
    ("with", "of", "the", "and", "at", "is", "for", "in", "to", "by", "from", "has", "epoch")
)
_LEVELS = frozenset(("DEBUG", "INFO", "WARNING", "NOTICE"))
_SOURCE_FILE = re.compile(r"\.(?:py|cc|cpp|cu|c|h|go|rs|jl)$")
_STAR = re.compile(r"^\s{0,8}\*\s")
_BAR = re.compile(r"\d%\|")
_AFTER_PERCENT = re.compile(r"%(?:\||\s?[━─])")
_KERAS = re.compile(r"^\s{0,8}\d{1,9}/\d{1,9}\s.*(?:━|\[[=>.]|s/step|s/epoch)")
_NOT_METRICS = frozenset(
    re.split(
        r"\s+",
        """epoch epochs episode step steps global_step globalstep iter iters iteration iterations it batch eta
    time data elapsed pid rank seed version v_num world_size port took in at of to from last gpu device
    worker num_updates train_num_updates valid_num_updates num_timesteps total_timesteps
    workers line code file exit status total num_workers batch_size job id node
    total_steps max_steps max_epochs min_epochs percentage elapsed_time remaining_time data_time wall
    train_wall trial_id best remaining besttest bestiteration in_qsize out_qsize depth leaves
    global_step/max_steps eta_seconds skipped size samples s dp pp tp cp global_batch_size""",
    )
)
_BOOKKEEPING = re.compile(
    r"\bTrial \d{1,9} (?:finished with|pruned|failed)|^best constant|\[neptune\]|^bestTest =|^bestIteration ="
    r"|\bbest metric, |\blifecycle event \{|\b[Bb]est score: |\| HTTP retries: \d"
)
_WORKER_CLOCK = re.compile(r"st_(?:worker|tuner)_\w{1,40}")
_FLAG = re.compile(r"\w['\"]?\s?[:=]\s?(?:True|False|None|true|false|null)\b")
_SETTINGS = re.compile(
    r"(?i:^(?:hyper)?param(?:eter)?s: |^(?:config|args|arguments|settings|options): )"
    r"|\b(?:Namespace|Args|Arguments|\w{0,40}(?:Config|Arguments))\(\w{1,60}="
)
_HERE = re.compile(r"\b(?:step|epoch|iter|iteration|global_step)['\"]?\s?[:=]")
_SETTING = re.compile(r"\b([A-Za-z_]\w{0,60})=('[^']{0,200}'|\"[^\"]{0,200}\"|[^,\s'\"()]{1,200})(?=,|\)|$)")
_CATBOOST = re.compile(r"^(\d{1,9}):\s(?:learn|test\d{0,3}): ")
_CATBOOST_PAIR = re.compile(rf"\b(learn|test\d{{0,3}}): ({_NUMBER})(?=\s|$)")
_CATBOOST_END = re.compile(r"\bremaining: 0us\b")
_GENSIM = re.compile(
    r"\bEPOCH (?:- )?(\d{1,9}) ?(?:- PROGRESS: at (?P<share>[\d.]{1,8})% examples, [\d.]{1,20} words/s"
    r"|: training on .{0,200} took .{0,40}, (?P<all>[\d.]{1,20}) effective words/s)"
)
_LDA = re.compile(r"(-?[\d.]{1,20}) per-word bound, ([\d.]{1,20}) perplexity estimate")
_OWN_COUNTER = re.compile(r"\biter\((?:val|test)\)", re.IGNORECASE)
_FROM_ONE = re.compile(r"\bepoch(?:\((?:train|val|test)\)\s{0,4}| )\[\d{1,9}\]\s?\[", re.IGNORECASE)
_FROM_ZERO = re.compile(
    r"\bepoch: \[|^train: \d|^epoch \d{1,9}:\s{1,4}\d{1,3}%\||^epoch \d{1,9}/\d{1,9}\s{1,8}[━╸╺].{0,200} • ",
    re.IGNORECASE,
)
_WORDLESS = frozenset(("lr", "ppl", "mfu", "grad_norm", "gnorm"))
_TOO_COMMON = frozenset(
    ("error", "err", "cost", "memory", "latency", "runtime", "return", "throughput", "map")
)
_FOREIGN = ("wandb:", "File ", "slurmstepd:", "srun:", "wandb.")


class LineProgress(NamedTuple):
    """What a line tells."""

    kind: str
    """A whole ``line``, a progress ``bar``, a ``keras`` bar or a row of a ``table``."""
    pairs: tuple[tuple[str, float], ...]
    """Names and values in line order."""
    epoch: float | None = None
    epochs: int | None = None
    batch: int | None = None
    batches: int | None = None
    step: int | None = None
    total_steps: int | None = None
    """Of ``step 100/6000``, which beside an epoch is a batch; 0 where only the training's last line tells
    it."""
    held_out: bool = False
    """A line of validation, whose batches are its own (a table's has no place at all)."""
    first_epoch: int | None = None
    """The number that the format gives the first one, where it is known by its form."""

    @property
    def at_end(self) -> bool:
        return self.batch is None or self.batch == self.batches


def parse(text: str) -> LineProgress | None:
    """What a bare line (no control codes, at most a few thousand characters) says, or None if it says
    nothing of progress."""
    stripped = text.strip()
    if not stripped or stripped.startswith(_FOREIGN) or not any(char.isdigit() for char in stripped):
        return _without_digits(stripped)
    if (_mentions(stripped, _BOOKKEEPING_HINTS) and _BOOKKEEPING.search(stripped)) or settings_line(stripped):
        return None
    return _booster(stripped) or _gensim(stripped) or _placed(stripped)


def _placed(stripped: str) -> LineProgress | None:
    """A line that names its epoch, its step or how far its bar is."""
    epoch = _EPOCH.search(stripped)
    own_counter = "(" in stripped and _OWN_COUNTER.search(stripped) is not None
    step = None if own_counter else _STEP.search(stripped)
    if step is None and epoch is None:
        step = _LEADING.match(stripped)
    fraction = _fraction(stripped, epoch, step)
    kind = "bar" if _BAR.search(stripped) else "keras" if _KERAS.search(stripped) else "line"
    star = _STAR.match(stripped) is not None
    context = _CONTEXT.search(stripped)
    split = context[context.lastindex or 1] if context else "val" if star else ""
    placed = epoch is not None or step is not None or kind != "line" or star or own_counter
    pairs = _pairs(stripped, placed, f"{split}/" if split else "", epoch.start(1) if epoch else -1)
    if step is None and ((epoch is not None and fraction is None) or stripped.startswith("[batch=")):
        step = _BATCH.search(stripped)  # of how many is not said: counted on from epoch to epoch
    heading = step is not None and _HEADING.fullmatch(stripped) is not None
    if not pairs and epoch is None and kind == "line" and not heading:
        return None
    counts = step is not None and ("max_steps" in step[0] or not (step[2] and epoch))
    return LineProgress(
        kind,
        pairs=pairs,
        epoch=float(epoch[1]) if epoch else None,
        epochs=int(epoch[2]) if epoch and epoch[2] else None,
        batch=fraction[0] if fraction else None,
        batches=fraction[1] if fraction else None,
        step=_count(step[1]) if step and counts else None,
        total_steps=_count(step[2]) if step and step[2] and counts else None,
        held_out=bool(split) and not split.lower().startswith("train"),
        first_epoch=_first_epoch(stripped) if epoch and fraction else None,
    )


def _count(digits: str) -> int:
    return int(digits.replace(",", ""))


def _first_epoch(stripped: str) -> int | None:
    """The number of the first epoch, where the form of the line tells it."""
    return 1 if _FROM_ONE.search(stripped) else 0 if _FROM_ZERO.search(stripped) else None


def _booster(stripped: str) -> LineProgress | None:
    """CatBoost's ``100:  learn: 0.5  test: 0.6  best: 0.6 (90)  total: 1.2s  remaining: 0us``."""
    at = _CATBOOST.match(stripped)
    if at is None:
        return None
    pairs = tuple((match[1], float(match[2])) for match in _CATBOOST_PAIR.finditer(stripped))
    step = int(at[1])
    return LineProgress("line", pairs, step=step, total_steps=step if _CATBOOST_END.search(stripped) else 0)


def _gensim(stripped: str) -> LineProgress | None:
    """An epoch of Word2Vec, Doc2Vec or FastText: how many words a second, and how far it is; or what an LDA
    model is worth."""
    if not _mentions(stripped, _GENSIM_HINTS):
        return None
    match = _GENSIM.search(stripped)
    if match is None:
        held_out = _LDA.search(stripped)
        names = ("per-word bound", "perplexity")
        if held_out is None:
            return None
        return LineProgress("line", tuple(zip(names, map(float, held_out.groups()), strict=True)))
    epoch = float(match[1])
    if match["all"] is not None:
        return LineProgress("line", (("effective words/s", float(match["all"])),), epoch)
    return LineProgress("bar", (), epoch, batch=int(float(match["share"]) * 10), batches=1000)


def settings_line(text: str) -> bool:
    """Whether a line prints a configuration: many names of which several are switched on or off."""
    if "=" not in text and ":" not in text:
        return False
    if ("(" in text or text[:1] in _SETTINGS_STARTS) and _SETTINGS.search(text):
        return True
    if not _mentions(text, _FLAG_HINTS) or len(_FLAG.findall(text, 0, 4000)) < 2 or _HERE.search(text):
        return False
    return text.count("=") + text.count(":") >= 8


def settings(text: str) -> dict[str, object]:
    """The names and values of a line of ``name=value, name=value``."""
    return {name: _setting(value) for name, value in _SETTING.findall(text)}


def _setting(text: str) -> object:
    words: dict[str, object] = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")


def _without_digits(stripped: str) -> LineProgress | None:
    """``loss: nan`` has no digit and is news all the same."""
    lower = stripped.lower()
    if ("nan" not in lower and "inf" not in lower) or stripped.startswith(_FOREIGN):
        return None
    pairs = _pairs(stripped, placed=False)
    return LineProgress("line", pairs) if pairs else None


def _fraction(text: str, epoch: re.Match[str] | None, step: re.Match[str] | None) -> tuple[int, int] | None:
    if step is not None and step[2]:
        return _count(step[1]), _count(step[2])
    match = _FRACTION.search(text, epoch.end() if epoch else 0)
    if match is None or int(match[1]) > int(match[2]):
        return None
    before = text[: match.start()].rstrip()
    named = before.endswith((":", "=")) and not before.lower().endswith(("epoch:", "step:"))
    return None if named and epoch is None and not _KERAS.search(text) else (int(match[1]), int(match[2]))


def _pairs(text: str, placed: bool, general: str = "", place: int = -1) -> tuple[tuple[str, float], ...]:
    pairs: list[tuple[str, float]] = []
    marks = [(mark.end(), f"{mark[1]}/") for mark in _BRACKETED.finditer(text)] if "]" in text else []
    for match in _PAIR.finditer(text):
        name, blank, number, whole = match.groups()
        bar = _AFTER_PERCENT.match(text, match.end()) is not None
        line_of_code = number.isdigit() and text.startswith(
            (f"{name}:{number}\t", f"{name}:{number} - ") if "." in name else f"{name}:{number}\t",
            match.start(1),
        )
        if bar or line_of_code or match.start(3) == place or not _is_metric(name, bool(blank), placed):
            continue
        value = float(number.replace(",", ""))
        value = value / int(whole) if whole and int(whole) else value
        before = text[max(match.start() - _SIGHT, 0) : match.start()]
        part = next((mark for end, mark in reversed(marks) if end <= match.start()), general)
        pairs.append((_full_name(before[-48:], name, _part(before) or part), value))
        if len(pairs) >= MAX_PAIRS:
            break
    return tuple(pairs)


def _mentions(text: str, hints: Iterable[str]) -> bool:
    """Whether one of the hints stands in ``text``: cheaper than the pattern that follows."""
    return any(hint in text for hint in hints)


def _part(before: str) -> str:
    """The part of the data, or the sum, that a name stands in: ``| val: loss 0.5 acc 0.9``,
    ``tot_loss[loss=0.5, ctc=0.2]``."""
    opened = max(before.rfind("["), before.rfind("("))
    if opened > 0 and before.find("]", opened) < 0 and before.find(")", opened) < 0:
        word = _LAST_WORD.search(before, 0, opened)
        if word is not None and word[1].lower() not in _PLACES:
            return f"{word[1]}/"
    opened = before.rfind("{")
    if opened >= 0 and before.find("}", opened) < 0:
        named = _NAMED_BRACE.search(before, max(opened - 50, 0), opened)
        if named is not None and (split_of(named[1]) or before.count("{", 0, opened) > before.count("}")):
            return f"{named[1]}/"
    if "|" not in before and ";" not in before:
        return ""
    segment = _SEGMENT.match(before[max(before.rfind("|"), before.rfind(";")) + 1 :])
    return f"{segment[1]}/" if segment is not None else ""


def _full_name(before: str, name: str, general: str) -> str:
    """``D loss`` in ``[D loss: 0.5]``; a word for a part of the data becomes a prefix."""
    general = "" if split_of(name) else general
    phrase = _PHRASE.search(before)
    words = [word for word in phrase[1].split() if word not in _LEVELS] if phrase else []
    if _SMALL_WORDS.intersection(word.lower() for word in words):
        words = []
    if not words:
        own = _QUALIFIER.search(before)
        return f"{own[1]}/{name}" if own else general + name
    if _QUALIFIER.search(words[0] + " "):
        return "/".join((words[0], " ".join([*words[1:], name])))
    return general + " ".join([*words, name])


def _is_metric(name: str, blank: bool, placed: bool) -> bool:
    """Whether ``name`` before a number is a metric. ``blank``: only a blank stands between them;
    ``placed``: the line says where in the training it is. A line that says nothing of that must name a
    known metric."""
    lower = name.lower()
    if lower in _NOT_METRICS or _SOURCE_FILE.search(lower) or _WORKER_CLOCK.fullmatch(lower):
        return False
    known = direction_of(name) is not None
    if not placed:
        blank = blank and split_of(name) is None
        return known and not blank and lower not in _TOO_COMMON and not (name.isupper() and "_" in name)
    return known or not blank or lower in _WORDLESS
