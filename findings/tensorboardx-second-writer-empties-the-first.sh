#!/usr/bin/env bash
# tensorboardX: what becomes of a closed event file when a second SummaryWriter is opened on its folder.
# Guessed: each writer has a file of its own (as PyTorch's has, whose names bear the process and a counter), so a script
#   that opens a writer for the training and then one for the evaluation keeps the points of both.
# True: the name holds only the second and the host (events.out.tfevents.<seconds>.<host>) and the file is opened for
#   writing from its start: within one second the second writer empties the file of the first, without a word. A second
#   later both are there.
# tensorboardX 2.6.5, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install tensorboardX==2.6.5 protobuf==6.33.6 numpy==2.4.6 packaging==26.4 2>/dev/null
cat > two.py <<'PY'
import os
import sys
import time
from tensorboardX import SummaryWriter
folder, wait = sys.argv[1], float(sys.argv[2])
while time.time() % 1 > 0.2:  # early in a second, so that both writers fit into it
    time.sleep(0.01)
first = SummaryWriter(folder)
for step in range(500):
    first.add_scalar("train/loss", 1 / (step + 1), step)
first.close()
before = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder))
time.sleep(wait)
second = SummaryWriter(folder)
second.add_scalar("eval/acc", 0.5, 500)
second.close()
names = os.listdir(folder)
after = sum(os.path.getsize(f"{folder}/{name}") for name in names)
print(f"{len(names)} file(s), {'all points kept' if after > before else 'the first writer’s points are gone'}")
PY
same=$(v/bin/python two.py same 0); later=$(v/bin/python two.py later 1.5)
echo "tensorboardX 2.6.5"; echo "within a second:   $same"; echo "a second later:    $later"
[ "$same" = "1 file(s), the first writer’s points are gone" ] && [ "$later" = "2 file(s), all points kept" ]
