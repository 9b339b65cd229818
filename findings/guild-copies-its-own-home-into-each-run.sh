#!/usr/bin/env bash
# Guild AI: a GUILD_HOME that lies in the project.
# Guessed: the store of runs is known to Guild and left out when it copies a project's source code into a run.
# True: guild.yml and text files of the store are source code like any other: run 1 is copied into itself while it is
#   made, and run 2 holds both again, so that a tree walk finds each run at many depths. (A virtual environment is left
#   out, the home is not.) Outside of the project, as by default, nothing of that happens.
# guildai 0.9.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install guildai==0.9.0 'setuptools<81' 2>/dev/null
mkdir project inside outside; cd project; mkdir home
echo 'print("loss: 0.5")' > train.py
printf 'train:\n  main: train\n' > guild.yml
for place in home ../outside; do
  for i in 1 2; do GUILD_HOME=$PWD/$place ../v/bin/guild run -y train > /dev/null 2>&1; done
done
inside=$(find home -name guild.yml | wc -l); deepest=$(find home -name guild.yml | awk -F/ '{print NF}' | sort -n | tail -1)
outside=$(find ../outside -name guild.yml | wc -l)
echo "guildai 0.9.0, two runs: home in the project: $inside copies of guild.yml, the deepest $deepest levels down; outside: $outside"
[ "$outside" = 2 ] && [ "$inside" -gt 4 ] && [ "$deepest" -gt 6 ]
echo "as described"
