"""The pages say what is so: commands parse, links lead somewhere, configuration loads, no key is missing."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import time
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec.structs import FieldInfo

from runwatch import config
from runwatch.cli import Parser, command_names, common_options, main
from runwatch.config import settings
from runwatch.demo.copying import copy
from runwatch.judge.drift.measures import measures
from runwatch.judge.quality.run import all_checks
from runwatch.readers.registry import built_in

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
SECTIONS = {
    "watch": settings.Watch,
    "baseline": settings.BaselineSetting,
    "metrics": settings.Metrics,
    "runs": settings.RunFiles,
    "data": settings.Data,
    "predictions": settings.Predictions,
    "models": settings.Model,
    "tasks": settings.Tasks,
    "rules": settings.CustomRule,
    "alerts": settings.Alerts,
    "ui": settings.Ui,
    "hosts": settings.HostSettings,
}


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        if match[1] in languages:
            yield match[2]


def commands(page: Path) -> Iterator[str]:
    """The ``runwatch …`` lines of a page: in blocks without another language, and in running text."""
    for block in blocks(page, "", "sh", "bash", "console"):
        for line in block.splitlines():
            plain = re.split(r"\s{3,}|\s#\s", line.removeprefix("$ "))[0]
            if plain.startswith("runwatch ") and "[OPTION…]" not in plain and "…]" not in plain:
                yield plain
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    yield from re.findall(r"`(runwatch [^`]+)`", text)


def words_of(line: str) -> list[str]:
    """The arguments of a command line: up to a pipe or redirection; "A|none" is one of the two."""
    words = []
    for word in shlex.split(line)[1:]:
        if word in ("|", ">", ">>", "&", "&&") or re.match(r"\d>", word):
            break
        words.append(word.split("|")[0])
    return words


def parses(line: str) -> None:
    """Fails when runwatch would refuse the line, or take its command for a folder."""
    words = words_of(line)
    name = words[0] if words else ""
    if name in command_names():
        command, words = import_module(f"runwatch.cli.{name}"), words[1:]
    else:
        folder = not name or re.search(r"[/~.:]|^-|^[A-Z]+$", name)
        assert folder, f"{line}: {name!r} is no command"
        command = import_module("runwatch.cli._dashboard")
    parser = Parser(prog="runwatch", allow_abbrev=False)
    command.configure(parser)
    common_options(parser)
    try:
        parser.parse_args(words)
    except SystemExit as ended:
        assert ended.code == 0, f"{line}: does not parse"


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_command_line_parses(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in commands(page):
        parses(line)


def test_a_wrong_command_line_is_noticed() -> None:
    for line in ("runwatch lst", "runwatch ls --jsn", "runwatch drift only-one.csv"):
        with pytest.raises(AssertionError):
            parses(line)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target} leads nowhere"
        if anchor:
            assert anchor in anchors(file), f"{page.name}: {target}: no such heading"


def anchors(page: Path) -> set[str]:
    """Headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_configuration_loads(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        if "[project" in block or "[build-system]" in block or re.search(r"^dark = ", block, re.MULTILINE):
            continue
        if "[data." in block and "[[data]]" not in block:
            block = '[[data]]\nname = "a"\nreference = "b"\ncurrent = "c"\n' + block
        file = tmp_path / "runwatch.toml"
        file.write_text(block, encoding="utf-8")
        config.read(str(file))


def test_the_commands_page_is_what_the_help_says() -> None:
    script = load_script("cli_docs")
    assert script.FILE.read_text(encoding="utf-8") == script.pages(), "run scripts/cli_docs.py"


def test_the_keys_page_is_what_the_screens_bind() -> None:
    script = load_script("keys_docs")
    assert script.FILE.read_text(encoding="utf-8") == script.page(), "run scripts/keys_docs.py"


def test_every_command_is_on_the_commands_page() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in command_names():
        assert f"\n## runwatch {name}\n" in text


def section_of(name: str) -> str:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    found = re.search(rf"^## `\[+{name}\]+`.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/configuration.md has no section [{name}]"
    return found[0]


def keys_of(kind: type[Any], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """All keys of a section with those of the tables in it, dotted."""
    hints = get_type_hints(kind)
    for one in msgspec.structs.fields(kind):
        inner = hints[one.name]
        nested = [
            k
            for k in (inner, *getattr(inner, "__args__", ()))
            if isinstance(k, type) and issubclass(k, msgspec.Struct)
        ]
        if kind is settings.Metrics and one.name == "named":
            yield from keys_of(settings.MetricSetting, "NAME.")
        elif nested:
            yield from keys_of(nested[0], f"{prefix}{one.name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{one.name}", one


def shown_default(one: FieldInfo) -> str:
    value = one.default if one.default is not msgspec.NODEFAULT else one.default_factory()  # type: ignore[misc]
    if value is None or value == () or value == {} or value == "":
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_is_explained_with_its_default(name: str) -> None:
    section = section_of(name)
    for key, one in keys_of(SECTIONS[name]):
        row = re.search(rf"^\| `{re.escape(key)}` \|[^|]+\| ([^|]+) \|[^|]+\|", section, re.MULTILINE)
        assert row, f"[{name}] {key} is not explained"
        assert row[1].strip() == shown_default(one), f"[{name}] {key}: the default is {shown_default(one)}"


def test_no_section_is_left_out() -> None:
    own = set(settings.Settings.__struct_fields__) - {"folder", "file", "id", "alerts_file"}
    own -= {"bounds", "withheld", "problems", "digest"}
    assert own - {"rule_options", "rule_places", "reader_options"} == set(SECTIONS)
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for word in ("`id`", "`[rules.NAME]`", "`[readers.NAME]`"):
        assert word in page


def test_no_explained_key_is_made_up() -> None:
    for name, kind in SECTIONS.items():
        known = {key for key, _ in keys_of(kind)}
        explained = set(re.findall(r"^\| `([a-zA-Z_.]+)` \| (?:text|number|true|list|table|duration|one of)",
                                   section_of(name), re.MULTILINE))  # fmt: skip
        assert explained <= known, f"[{name}]: {explained - known}"


ANSWERS = {
    "ls": ["ls", "."],
    "show": ["show", "retrain-nightly", "--root", "."],
    "drift": ["drift", "data/reference.parquet", "data/nights/night-10.parquet", "--by", "clinic"],
    "quality": ["quality", "data/nights", "--reference", "data/reference.parquet"],
    "compare": [
        "compare",
        "predictions/challenger-small.parquet",
        "--baseline",
        "predictions/champion.parquet",
    ],
    "check": ["check", "."],
    "tasks": ["tasks", "--root", "."],
    "brief": ["brief", ".", "--since", "7d"],
    "doctor": ["doctor", "."],
}
OPEN_TABLES = {"metrics", "hparams", "evidence", "tags", "labels", "config", "environment"}


def keys_in(value: Any) -> Iterator[str]:
    """All keys of an answer; tables whose keys are the user's are not entered, but for a metric's own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key == "metrics" and isinstance(inner, dict):
                yield from keys_in(list(inner.values()))
            elif key not in OPEN_TABLES or isinstance(inner, list):
                yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_field_of_the_json_is_explained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(ROOT / "sample_runs", tmp_path / "clinic", time.time())
    monkeypatch.chdir(tmp_path / "clinic")
    main([*ANSWERS[name], "--json"])
    answer = json.loads(capsys.readouterr().out)
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    missing = sorted(k for k in set(keys_in(answer)) if f'"{k}"' not in page and f"`{k}`" not in page)
    assert answer["schema"] == 1
    assert not missing, f"docs/json.md does not explain {missing}"


def test_what_is_found_by_its_place_is_on_its_page() -> None:
    def text(name: str) -> str:
        return (ROOT / "docs" / name).read_text(encoding="utf-8")

    def plain(words: str) -> str:
        return re.sub(r"[^a-z0-9]", "", words.lower())

    checked = [*measures(), *(check.NAME for check in all_checks())]
    assert [name for name in checked if name not in text("drift.md")] == []
    for_problems_only = {"unplaced", "unread"}
    readers = [name for name in built_in() if name not in for_problems_only]
    page = plain(text("formats.md"))
    assert [name for name in readers if not all(plain(word) in page for word in name.split("-"))] == []


def test_every_extra_is_offered_by_the_readme_and_looked_for_by_the_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = sorted(set(project["optional-dependencies"]) - {"dev"})
    main(["doctor", str(tmp_path)])
    for text in ((ROOT / "README.md").read_text(encoding="utf-8"), capsys.readouterr().out):
        assert [extra for extra in extras if f"runwatch[{extra}]" not in text] == []


def test_the_design_page_names_every_room_in_the_order_that_is_checked() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "runwatch"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")}
    assert not {room for room in rooms if f"| `{room}/` |" not in page}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")
    stated = re.search(r"^domain ← .*?$\n.*?$", page, re.MULTILINE)
    assert stated
    told = [set(re.findall(r"\w+", layer)) for layer in stated[0].split("←")]
    assert [layer for layer in told if layer] == [set(re.findall(r"\w+", x)) for x in reversed(layers)]


def test_no_reference_leads_to_a_page_that_a_reader_does_not_have() -> None:
    """Section and fault numbers of notes that are not in this repository tell a reader nothing."""
    unknown = re.compile(
        r"\b(methods section|fault|promise|decision|law|issue) \d+\b|\bthe contract (says|has)\b", re.I
    )
    places = [*ROOT.glob("*.md")]
    for folder, ending in (
        ("src", "py"),
        ("tests", "py"),
        ("benchmarks", "py"),
        ("scripts", "py"),
        ("docs", "md"),
    ):
        places += (ROOT / folder).rglob(f"*.{ending}")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in places
        if "fixtures" not in path.parts and path != Path(__file__)
        for match in unknown.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_the_table_of_the_world_names_makers_that_exist_and_all_of_them() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    makers = ROOT / "tests" / "fixtures" / "makers"
    named = set(re.findall(r"`(\w+\.(?:py|sh))`", page))
    files = {path.name: path for path in makers.rglob("*.*") if "__pycache__" not in path.parts}
    assert named == files.keys() - {"common.py", "sanitize.py"}
    assert all("packages: " in files[name].read_text(encoding="utf-8") for name in named)


def test_every_promise_of_the_security_page_has_its_test() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [
        line
        for line in page.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| promise"))
    ]
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named and all((ROOT / name).is_file() for name in named), row
    assert len(rows) > 10
