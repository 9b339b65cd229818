#!/usr/bin/env bash
# PR curves in TensorBoard's event files beside scikit-learn's of the same predictions.
# Guessed: the rows "precision" and "recall" of the pr_curves plug-in can be drawn, and an area taken, as
#   precision_recall_curve's.
# True: where no row is called positive (the thresholds above the greatest score) the plug-in's precision is 0, because the
#   count is divided by at least 1e-7; scikit-learn closes the curve at (0, 1). Drawn as they stand the curves of a perfect
#   model fall to the origin. The points to leave out are those whose true and false positives (rows 0 and 1) are both 0.
# tensorboardX 2.6.5, scikit-learn 1.9.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install tensorboardX==2.6.5 scikit-learn==1.9.1 numpy==2.2.6 2>/dev/null
cat > run.py <<'P'
import numpy as np
import sklearn
import tensorboardX
from sklearn.metrics import precision_recall_curve
from tensorboardX.summary import pr_curve

truth = np.array([0, 0, 1, 1])
scores = np.array([0.1, 0.2, 0.7, 0.8])
tensor = pr_curve("pr", truth, scores, num_thresholds=11).value[0].tensor
rows = np.array(tensor.float_val).reshape(6, 11)
theirs = precision_recall_curve(truth, scores)
ends = (float(rows[4, -1]), float(rows[5, -1])), (float(theirs[0][-1]), float(theirs[1][-1]))
print(f"tensorboardX {tensorboardX.__version__} ends at precision, recall {ends[0]}; "
      f"scikit-learn {sklearn.__version__} at {ends[1]}")
assert ends == ((0.0, 0.0), (1.0, 0.0)), "one of them has changed"
assert rows[0, -1] == rows[1, -1] == 0
P
v/bin/python run.py
