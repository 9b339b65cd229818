#!/usr/bin/env bash
# Hugging Face's Trainer: where the event files of an evaluation are that has no training before it (--do_eval alone).
# Guessed: as those of a training, in <output_dir>/runs/<time>_<host>/.
# True: in ./runs/ of the directory that the script was started in. The callback finds its folder when a training begins; an
#   evaluation opens the writer before that with log_dir=None, PyTorch's own default. Evaluations of many models, each with an
#   output_dir of its own, end up side by side in one folder that names none of them.
# transformers 5.24.0, torch 2.13.0, tensorboard 2.21.0, accelerate 1.15.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v
v/bin/pip -q install transformers==5.24.0 torch==2.13.0 tensorboard==2.21.0 accelerate==1.15.0 2>/dev/null
cat > run.py <<'P'
import sys
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

row = {"input_ids": torch.ones(4, dtype=torch.long), "labels": torch.tensor(1)}
config = BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
settings = TrainingArguments(sys.argv[1], report_to=["tensorboard"], use_cpu=True, disable_tqdm=True, max_steps=1, save_strategy="no")
trainer = Trainer(BertForSequenceClassification(config), settings, train_dataset=[row] * 8, eval_dataset=[row] * 8)
if sys.argv[2] == "train":
    trainer.train()
trainer.evaluate()
P
mkdir -p here; cd here
export HF_HUB_OFFLINE=1
../v/bin/python ../run.py ../trained train >/dev/null 2>&1
../v/bin/python ../run.py ../evaluated evaluate >/dev/null 2>&1
cd ..
v/bin/python -c "import transformers, torch; print('transformers', transformers.__version__, 'torch', torch.__version__)"
mkdir -p evaluated; find trained evaluated here -name '*tfevents*' | sed -E 's|runs/[^/]*/events.*|runs/<time>_<host>/events...|' | sort | uniq -c | tee found
grep -q "trained/runs/" found
grep -q "here/runs/" found
! grep -q "evaluated/runs" found
