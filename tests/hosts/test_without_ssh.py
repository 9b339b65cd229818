"""The recipes of docs/hosts.md that need no ssh, as they stand. Docker, kubectl, srun and sudo are stand-ins
that take just those options, have their own HOME, and treat bytes as the real ones do (srun: as 22.05)."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from helping import write_run
from sshd import SOURCE

from runwatch.hosts.targets import Target, explained

PAGE = (Path(__file__).parents[2] / "docs/hosts.md").read_text()
RECIPES = {
    host["name"]: host
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    for host in tomllib.loads(block).get("hosts", ())
    if isinstance(host.get("command"), list)
}
STAND_IN = f'''#!{sys.executable}
import os, subprocess, sys
program, words = os.path.basename(sys.argv[0]), sys.argv[1:]
taken = dict(
    docker=["exec", "-i", "trainer"],
    kubectl=["exec", "-i", "-n", "ml", "raycluster-head-x2k8p", "-c", "ray-head", "--"],
    srun=["--jobid=4711", "--overlap", "--ntasks=1", "--quiet"],
    sudo=["-n", "-u", "alice"],
)[program]
if words[: len(taken)] != taken:
    sys.exit(f"{{program}}: unknown options {{words}}")
words = words[len(taken):]
whole_lines = program == "srun"
if words[0] == "--unbuffered":
    whole_lines, words = False, words[1:]
assert words.pop(0) == "runwatch"
command = [sys.executable, "-m", "runwatch", *words]
env = {{"HOME": os.path.join(os.environ["HOME"], program), "PATH": "/usr/bin:/bin", "PYTHONPATH": "{SOURCE}"}}
if not whole_lines:
    os.execve(sys.executable, command, env)
child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
for line in child.stdout:
    os.write(1, line)
'''


@pytest.fixture
def programs(me, monkeypatch) -> Path:
    folder = me / "programs"
    folder.mkdir()
    for name in ("docker", "kubectl", "srun", "sudo"):
        (me / name).mkdir()
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def configured(me: Path, host: dict, root: Path) -> None:
    file = me / ".config/runwatch/runwatch.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    words = {"name": host["name"], "roots": [str(root)], "command": host["command"]}
    file.write_text("[[hosts]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in words.items()))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe(name, programs, me, runwatch, tmp_path):
    write_run(tmp_path / "runs/exp-1")
    configured(me, RECIPES[name], tmp_path / "runs")
    answer = json.loads(runwatch("ls", f"{name}:", "--json").stdout)
    assert [(run["host"], run["id"]) for run in answer["runs"]] == [(name, "exp-1")], answer["problems"]
    (host,) = answer["hosts"]
    assert host["state"] == "live" and not host["mirrored"]


@pytest.mark.slow
def test_srun_without_unbuffered_is_told_what_it_lacks(programs, me, runwatch, tmp_path):
    write_run(tmp_path / "runs/exp-1")
    host = RECIPES["job-4711"]
    lacks = {**host, "command": [word for word in host["command"] if word != "--unbuffered"]}
    configured(me, lacks, tmp_path / "runs")
    said = runwatch("ls", "job-4711:")
    assert "add --unbuffered" in said.stdout + said.stderr


def test_what_was_silent_or_killed_is_said():
    by_srun = Target("j", ("ssh", "login", "srun --jobid=1 ~/.local/bin/runwatch serve --stdio"), ("r",))
    assert by_srun.silent(20.0) == (
        "j: no answer in 20 s; srun holds back incomplete lines: add --unbuffered to its command"
    )
    assert Target("j", ("docker", "exec"), ("r",)).silent(20.0) == "j: no answer in 20 s"
    assert explained("j", -9, "", by_ssh=False) == "j: its command was killed (signal 9)"
