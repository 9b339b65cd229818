#!/usr/bin/env bash
# The progress bars of Lightning, read back from a log: how far is the run, and which values belong to which step?
# Guessed: "Epoch n/m" of the rich bar counts from 1, as Keras' and everybody's does, so that "Epoch 4/4" is the end of
# four epochs; and a bar at 0 % bears no metrics yet.
# True: both numbers count from 0. Five epochs are "Epoch 0/4" to "Epoch 4/4", and the planned length is nowhere. The
# bar of tqdm, "Epoch 1:   0%| | 0/8", begins with all metrics of the epoch before it, and is drawn twice at 0: once
# more under the old epoch's name. Read as points they stand at the first step and look like a training that went back.
# Versions: lightning 2.6.6, torch 2.13.0, rich 14.3.4. Date: 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q lightning==2.6.6 torch==2.13.0 rich==14.3.4 numpy >/dev/null 2>&1
cat > fit.py <<'PY'
import sys

import lightning
import torch
from lightning.pytorch.callbacks import RichProgressBar, TQDMProgressBar
from torch.utils.data import DataLoader, TensorDataset


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, _):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


bar = RichProgressBar() if sys.argv[1] == "rich" else TQDMProgressBar()
trainer = lightning.Trainer(max_epochs=5, accelerator="cpu", logger=False, callbacks=[bar],
                            enable_checkpointing=False)
trainer.fit(Line(), DataLoader(TensorDataset(torch.randn(32, 2)), 4, num_workers=0))
PY
venv/bin/python -c 'import lightning, torch; print("lightning", lightning.__version__, "torch", torch.__version__)'
venv/bin/python fit.py rich > rich.log 2>&1
grep -o 'Epoch [0-9]*/[0-9]*' rich.log | sort -u | tail -1
grep -q 'Epoch 4/4' rich.log && ! grep -q 'Epoch 5/5' rich.log
venv/bin/python fit.py tqdm 2>&1 | tr '\r' '\n' > tqdm.log
grep ' 0/8 ' tqdm.log | cut -c1-110 | head -4
grep -q '^Epoch 1:   0%.* 0/8 .*train_loss=' tqdm.log
grep -q '^Epoch 0:   0%.* 0/8 .*train_loss=' tqdm.log
echo "as written above"
