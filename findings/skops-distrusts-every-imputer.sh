#!/usr/bin/env bash
# skops: which types of a plain scikit-learn pipeline are trusted when it is loaded.
# Guessed: all of them: nothing but scikit-learn's own classes and numbers is in the file.
# True: SimpleImputer, KBinsDiscretizer and all that keep a dtype need "numpy.dtype" to be named as trusted, and every
#   tree (forests, gradient boosting) "sklearn.tree._tree.Tree"; without it skops.io.load refuses the file. Linear models,
#   scalers and one-hot encoders load as they are.
# skops 0.16.0, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install skops==0.16.0 scikit-learn==1.9.1 numpy==2.4.6 2>/dev/null
v/bin/python - <<'P'
import numpy as np, skops, skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
x = np.random.default_rng(0).normal(size=(60, 2)); y = (x[:, 0] > 0).astype(int)
found = {}
for name, model in (("linear", make_pipeline(StandardScaler(), LogisticRegression())), ("imputer", make_pipeline(SimpleImputer(), LogisticRegression())), ("forest", RandomForestClassifier(3))):
    skops.io.dump(model.fit(x, y), name + ".skops")
    found[name] = skops.io.get_untrusted_types(file=name + ".skops")
print("skops", skops.__version__, found)
assert found == {"linear": [], "imputer": ["numpy.dtype"], "forest": ["sklearn.tree._tree.Tree"]}
P
echo "as described"
