"""ls, show, baseline, doctor, config, init, completion, from outside."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from runwatch.cli import command_names, main


def _write(root: Path, run: str, rows: str = "1,0.5\n2,0.25\n") -> None:
    (root / run).mkdir(parents=True)
    (root / run / "metrics.csv").write_text("step,val_loss\n" + rows)


def _json(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> dict:
    assert main([*args, "--json"]) == code
    return json.loads(capsys.readouterr().out, parse_constant=lambda token: pytest.fail(f"token {token}"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _write(tmp_path, "exp/a")
    _write(tmp_path, "exp/b", "1,0.5\n2,nan\n3,inf\n")
    return tmp_path


def test_ls_has_the_fields_of_the_contract(root: Path, capsys) -> None:
    answer = _json(capsys, "ls", str(root))
    assert answer["schema"] == 1 and answer["root"] == str(root)
    runs = {run["id"]: run for run in answer["runs"]}
    a = runs["exp/a"]["metrics"]["val_loss"]
    assert (a["last"], a["last_step"], a["best"], a["best_step"]) == (0.25, 2, 0.25, 2)
    assert (a["min"], a["max"], a["count"], a["direction"]) == (0.25, 0.5, 2, "min")
    assert runs["exp/a"]["points"] == 2 and runs["exp/a"]["status"] == "running"
    b = runs["exp/b"]["metrics"]["val_loss"]
    assert b["last"] is None and b["last_text"] == "inf" and (b["count"], b["max"]) == (3, 0.5)


def test_two_roots_have_no_single_root(root: Path, tmp_path_factory, capsys) -> None:
    other = tmp_path_factory.mktemp("other")
    _write(other, "c")
    answer = _json(capsys, "ls", str(root), str(other))
    assert answer["root"] is None and answer["roots"] == [str(root), str(other)]
    assert {run["root"] for run in answer["runs"]} == {str(root), str(other)}


@pytest.mark.parametrize("name", ["exp/a", "a"])
def test_show_takes_an_id_or_its_ending(root: Path, name: str, capsys) -> None:
    assert _json(capsys, "show", name, "--root", str(root))["run"]["id"] == "exp/a"


def test_show_takes_a_path(root: Path, capsys) -> None:
    assert _json(capsys, "show", str(root / "exp" / "a"))["run"]["id"].endswith("a")


def test_a_run_whose_name_looks_like_an_option(root: Path, capsys) -> None:
    _write(root, "-rf")
    assert main(["show", "--root", str(root), "--", "-rf"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("-rf") and "\nFILES\n  -rf/" in shown


def test_an_ambiguous_run_names_the_candidates(root: Path, capsys) -> None:
    _write(root, "other/a")
    assert main(["show", "a", "--root", str(root)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("runwatch: a:") and "exp/a" in error and "other/a" in error


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["ls", "gone"], 2),
        (["check", "gone"], 3),
        (["ls", "--no-such-option"], 2),
        (["drift"], 3),
        (["show"], 2),
        (["no-such-folder-or-command"], 2),
    ],
)
def test_wrong_usage_has_its_code_and_one_line(
    args: list[str], code: int, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        answer = main(args)
    except SystemExit as stop:
        answer = stop.code
    said = capsys.readouterr()
    assert answer == code and "runwatch" in said.err and "Traceback" not in said.err
    assert said.out == "" or said.out.startswith("RUNWATCH UNKNOWN - ")


def test_a_mistyped_command_is_guessed(capsys) -> None:
    assert main(["chek"]) == 2
    assert "did you mean runwatch check?" in capsys.readouterr().err


def test_a_bad_configuration_names_file_line_and_key(root: Path, capsys) -> None:
    (root / "runwatch.toml").write_text("[metrics]\nprimry = 'x'\n")
    assert main(["ls", str(root)]) == 2
    error = capsys.readouterr().err
    assert "runwatch.toml" in error and "line 2" in error and "primry" in error and "'primary'" in error


_TWO = '[[data]]\nname = "a"\nreference = "r"\ncurrent = "c"\n\n[[data]]\nname = "b"\n'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (_TWO + 'reference = 3\ncurrent = "c"\n', 8, "data[1].reference: must be text"),
        (_TWO, 6, "lacks 'reference'"),
        (_TWO + 'reference = "r"\ncurrent = "c"\ncolumns = { exclud = ["x"] }\n', 10, "'exclude'"),
        ("[watch] # where\nrots = 3\n", 2, "'roots'"),
        ('[metrics]\n"val/auc" = { tolerance = "x" }\n', 2, "a number"),
        ("[metrics.auc]\ntolerance = -1\n", 2, "0 or more"),
        ("\n[predictions.cost]\nfp = 1\n", 2, "[[predictions]]"),
    ],
)
def test_what_is_wrong_is_shown_with_its_own_line(
    root: Path, text: str, line: int, says: str, capsys
) -> None:
    (root / "runwatch.toml").write_text(text)
    assert main(["ls", str(root)]) == 2
    error = capsys.readouterr().err
    assert f"runwatch.toml: line {line}: " in error and says in error


def test_options_may_stand_before_the_command(root: Path, capsys) -> None:
    (root / "other.toml").write_text("")
    assert main(["--config", str(root / "other.toml"), "ls", str(root)]) == 0
    assert "exp/a" in capsys.readouterr().out


def test_a_baseline_is_pinned_shown_and_cleared_with_its_history(root: Path, capsys) -> None:
    assert main(["baseline", "set", "a", "--root", str(root), "--reason", "best"]) == 0
    capsys.readouterr()
    shown = _json(capsys, "baseline", "show", "--root", str(root))
    assert shown["baselines"][0]["name"] == "exp/a" and "pinned" in shown["baselines"][0]["source"]
    assert main(["baseline", "clear", "--root", str(root)]) == 0
    capsys.readouterr()
    shown = _json(capsys, "baseline", "show", "--root", str(root))
    assert shown["baselines"] == []
    assert [(row["run"], row["reason"]) for row in shown["history"]] == [("exp/a", "best"), (None, "")]


@pytest.mark.parametrize(
    "command",
    [
        ("baseline", "set", "a", "--write-config"),
        ("baseline", "clear"),
        ("tasks", "silence", "run-stalled", "4h"),
    ],
)
def test_what_cannot_be_remembered_is_refused(root: Path, capsys, monkeypatch, command) -> None:
    (root / "no-folder").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "no-folder"))
    assert main([*command, "--root", str(root)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "state.db cannot be written" in said.err
    assert not (root / "runwatch.toml").exists()


def test_a_baseline_in_the_configuration_keeps_the_rest_of_the_file(root: Path, capsys) -> None:
    file = root / "runwatch.toml"
    file.write_text('# mine\n[baseline]\nrun = "old"\n\n[metrics]\nprimary = "val_loss"  # this one\n')
    assert main(["baseline", "set", "exp/b", "--root", str(root), "--write-config"]) == 0
    assert file.read_text() == (
        '# mine\n[baseline]\nrun = "exp/b"\n\n[metrics]\nprimary = "val_loss"  # this one\n'
    )


def test_a_baseline_is_written_into_the_file_that_a_link_means(root: Path, tmp_path: Path, capsys) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# mine\n")
    kept.chmod(0o600)
    (root / "runwatch.toml").symlink_to(kept)
    assert main(["baseline", "set", "exp/b", "--root", str(root), "--write-config"]) == 0
    assert (root / "runwatch.toml").is_symlink() and kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text() == '# mine\n\n[baseline]\nrun = "exp/b"\n'


def test_a_name_that_toml_cannot_hold_breaks_no_configuration(root: Path, capsys) -> None:
    shutil.copytree(root / "exp" / "a", root / "exp" / os.fsdecode(b"bad\xff"))
    file = root / "runwatch.toml"
    file.write_text("# mine\n")
    assert main(["baseline", "set", "exp/bad\udcff", "--root", str(root), "--write-config"]) == 2
    said = capsys.readouterr()
    assert "rename" in said.err and "written to" not in said.out
    assert file.read_text() == "# mine\n"
    assert _json(capsys, "baseline", "show", "--root", str(root))["baselines"] == []


def test_a_pin_that_is_refused_leaves_the_configuration_alone(root: Path, capsys, monkeypatch) -> None:
    from runwatch.store.state import State, StateError

    def full(*_: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(State, "pin", full)
    for before in (None, "# mine\n"):
        if before:
            (root / "runwatch.toml").write_text(before)
        assert main(["baseline", "set", "exp/a", "--root", str(root), "--write-config"]) == 1
        said = capsys.readouterr()
        assert "disk is full" in said.err and not said.out
        file = root / "runwatch.toml"
        assert (file.read_text() if file.exists() else None) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b'[watch]\r\nmode="auto"\r\n[baseline]\r\ngroup="x"\r\n[ui]\r\n',
            b'[watch]\r\nmode="auto"\r\n[baseline]\r\nrun = "exp/a"\r\n[ui]\r\n',
        ),
        (b"\xef\xbb\xbf# mine\n", b'\xef\xbb\xbf# mine\n\n[baseline]\nrun = "exp/a"\n'),
        (b' [ "baseline" ] # c\nrun="x"\n# keep', b' [ "baseline" ] # c\nrun = "exp/a"\n# keep'),
        (b"[baseline]", b'[baseline]\nrun = "exp/a"\n'),
    ],
    ids=["CRLF", "byte-order mark", "spaced header", "no final newline"],
)
def test_a_baseline_is_written_into_any_form_of_file(root: Path, before: bytes, after: bytes) -> None:
    (root / "runwatch.toml").write_bytes(before)
    assert main(["baseline", "set", "exp/a", "--root", str(root), "--write-config"]) == 0
    assert (root / "runwatch.toml").read_bytes() == after


def test_a_baseline_in_dots_is_left_to_an_editor(root: Path, capsys) -> None:
    (root / "runwatch.toml").write_text('baseline.run = "x"\n')
    assert main(["baseline", "set", "exp/a", "--root", str(root), "--write-config"]) == 2
    assert "editor" in capsys.readouterr().err
    assert (root / "runwatch.toml").read_text() == 'baseline.run = "x"\n'


def test_init_writes_a_file_that_loads_and_never_over_one(root: Path, capsys) -> None:
    assert main(["init", str(root)]) == 0
    text = (root / "runwatch.toml").read_text()
    assert main(["ls", str(root)]) == 0
    assert main(["init", str(root)]) == 2
    assert "--force" in capsys.readouterr().err and (root / "runwatch.toml").read_text() == text


def test_doctor_and_config_answer_in_json(root: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    doctor = _json(capsys, "doctor", str(root))
    assert doctor["fit"] and {"root", "inotify", "state"} <= {check["name"] for check in doctor["checks"]}
    (root / "runwatch.toml").write_text('[alerts]\nwebhook = "https://example.org/secret-token"\n')
    main(["config", "show", str(root)])
    assert "secret-token" not in capsys.readouterr().out


def test_every_command_teaches_itself(capsys) -> None:
    for name in command_names():
        with pytest.raises(SystemExit) as stop:
            main([name, "--help"])
        said = capsys.readouterr().out
        assert stop.value.code == 0 and f"runwatch {name}" in said and len(said.splitlines()) > 8


def test_a_pipe_that_closes_is_no_error(root: Path) -> None:
    import subprocess
    import sys

    code = f"import sys; from runwatch.cli import main; sys.exit(main(['ls', {str(root)!r}]))"
    command = f'{sys.executable} -c "{code}" | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(("command", "code"), [("ls", 1), ("check", 3), ("brief", 0)])
def test_a_full_disk_is_no_internal_error(root: Path, command: str, code: int) -> None:
    import subprocess
    import sys

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "runwatch", command, str(root)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == code
    assert "output: cannot be written: No space left on device; free some space" in done.stderr


def test_state_says_where_things_are_and_prunes_what_can_be_read_again(root: Path, capsys) -> None:
    main(["check", str(root)])
    capsys.readouterr()
    before = {row["name"]: row for row in _json(capsys, "state")["places"]}
    assert before["cache"]["bytes"] > 0 and before["state"]["bytes"] > 0
    after = {row["name"]: row for row in _json(capsys, "state", "--prune")["places"]}
    assert after["cache"]["bytes"] == 0 and after["state"]["bytes"] == before["state"]["bytes"]


def test_init_writes_the_data_and_predictions_that_it_found(tmp_path: Path, capsys) -> None:
    from runwatch.demo.copying import copy
    from runwatch.shipped import shipped

    root = tmp_path / "demo"
    copy(shipped("sample_runs"), root, 1_900_000_000.0)
    (root / "runwatch.toml").unlink()
    assert main(["init", str(root)]) == 0
    text = (root / "runwatch.toml").read_text()
    assert (
        'reference = "data/reference.parquet"' in text and 'baseline = "predictions/champion.parquet"' in text
    )
    assert main(["config", "show", str(root)]) == 0


def test_an_unknown_theme_is_wrong_usage(root: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("runwatch.ui.run.refused", lambda: "")
    assert main([str(root), "--theme", "nosuch"]) == 2
    assert "runwatch-dark" in capsys.readouterr().err


def test_a_run_within_a_file_elsewhere_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = shutil.copy(Path(__file__).parents[1] / "fixtures/runs/optuna/optuna-5.db", tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["show", f"{store}#tune/0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["name"] == "tune/0"


def test_a_filter_that_no_run_passes_is_not_taken_for_an_empty_folder(root: Path, capsys) -> None:
    assert main(["ls", str(root), "--filter", "status:crashed"]) == 0
    assert "None of 2 runs matches the filter." in capsys.readouterr().out
    assert main(["ls", str(root), "--filter", "vall<1"]) == 0
    assert "no run has a metric or hyperparameter vall" in capsys.readouterr().err
    assert main(["ls", str(root), "--filter", "val_loss<"]) == 2
    assert "val_loss<: needs a value" in capsys.readouterr().err


def test_compare_calls_runs_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(Path(__file__).parents[1] / "fixtures/runs/optuna/optuna-5.db", tmp_path)
    words = ["compare", "tune/0", "--baseline", "tune/1", "--root", str(tmp_path), "--fail-on", "never"]
    main(words)
    assert "tune/0 against tune/1\n" in capsys.readouterr().out
    main([*words, "--json"])
    assert json.loads(capsys.readouterr().out)["candidate"] == "optuna-5.db#tune/0"


def test_what_the_user_may_not_read_is_no_internal_error(root: Path, capsys, monkeypatch) -> None:
    def save(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(root / "runwatch.toml"))

    monkeypatch.setattr("runwatch.cli._write_config.save", save)
    assert main(["init", str(root)]) == 1
    message = f"runwatch: {root / 'runwatch.toml'}: Permission denied; check its permissions\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize(
    ("args", "guess"),
    [(["show", "exp/aa"], "did you mean exp/a?"), (["ls", "--jsno"], "did you mean --json")],
)
def test_a_mistyped_run_or_option_is_guessed(
    root: Path, capsys, monkeypatch, args: list[str], guess: str
) -> None:
    monkeypatch.chdir(root)
    try:
        code = main(args)
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 2 and guess in capsys.readouterr().err
