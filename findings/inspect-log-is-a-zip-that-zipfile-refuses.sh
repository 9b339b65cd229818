#!/usr/bin/env bash
# inspect-ai's .eval logs are zip archives, and Python's own zipfile can't read a member of one.
# Guessed: documented as a zip, so zipfile (3.11 to 3.13), unzip and jq read header.json out of it.
# True: the members are packed with Zstandard (method 93, in zip since 2020): zipfile lists them and then raises
#   NotImplementedError; it knows the method from Python 3.14 on. In a process that has imported inspect_ai the same
#   call succeeds: the import patches the zipfile module of the whole process, so a test of both there proves nothing.
# inspect-ai 0.3.285, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install inspect-ai==0.3.285 2>/dev/null
cat > task.py <<'P'
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import match
from inspect_ai.solver import solver

@solver
def answer():
    async def solve(state, generate):
        state.output = ModelOutput.from_content("mockllm/model", "1")
        return state
    return solve

eval(Task(dataset=[Sample(input="0 + 1", target="1")], solver=answer(), scorer=match()), model="mockllm/model",
     log_dir="logs", display="none")
P
v/bin/python task.py
cat > look.py <<'P'
import glob, sys, zipfile
if sys.argv[1] == "after import":
    import inspect_ai
archive = zipfile.ZipFile(glob.glob("logs/*.eval")[0])
method = archive.getinfo("header.json").compress_type
try:
    archive.read("header.json")
    outcome = "read"
except NotImplementedError as error:
    outcome = f"refused ({error})"
print("inspect-ai 0.3.285, Python", sys.version.split()[0], sys.argv[1] + ": method", method, outcome)
assert method == 93
alone = sys.argv[1] == "alone" and sys.version_info < (3, 14)
assert outcome.startswith("refused" if alone else "read"), "zipfile or inspect-ai behaves differently now"
P
v/bin/python look.py alone
v/bin/python look.py "after import"
echo "as described"
