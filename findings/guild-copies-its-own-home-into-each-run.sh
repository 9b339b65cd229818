#!/usr/bin/env bash
# Guild AI: a GUILD_HOME that lies in the project.
# Guessed: the store of runs is known to Guild and left out when it copies a project's source code into a run.
# True: guild.yml and text files of the store are source code like any other: a run is copied into itself while it is
#   made, and the second run holds both again, so that a tree walk finds each run at many depths. (A virtual environment
#   is left out, the home is not.) Outside of the project, as by default, nothing of that happens.
# guildai 0.9.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install guildai==0.9.0 'setuptools<81' 2>/dev/null
for place in inside outside; do
  mkdir -p "$place/project"; cd "$place/project"
  echo 'print("loss: 0.5")' > train.py
  printf 'train:\n  main: train\n' > guild.yml
  [ "$place" = inside ] && home=$PWD/home || home=$work/outside/home
  mkdir "$home"
  for i in 1 2; do GUILD_HOME=$home ../../v/bin/guild run -y train > /dev/null 2>&1; done
  find "$home" -name guild.yml > "$work/$place.txt"; cd "$work"
done
count() { wc -l < "$1.txt"; }
deepest=$(sed "s|.*/inside/project/||" inside.txt | awk -F/ '{print NF}' | sort -n | tail -1)
echo "guildai 0.9.0, two runs: home in the project: $(count inside) copies of guild.yml, the deepest $deepest levels down; outside: $(count outside)"
[ "$(count outside)" = 2 ] || { echo "changed outside"; exit 1; }
[ "$(count inside)" -gt 4 ] || { echo "changed inside"; exit 1; }
[ "$deepest" -gt 6 ] || { echo "no longer nested"; exit 1; }
echo "as described"
