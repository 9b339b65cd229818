#!/usr/bin/env bash
# Evidently: what a plain "pip install evidently" gives today.
# Guessed: the newest release works with what pip brings along; its requirement pandas>=1.3.5 was met and tried.
# True: pip brings pandas 3, and "import evidently" itself ends in an ImportError: its tests import a private function
#   (pandas.core.dtypes.common.infer_dtype_from_object) that pandas 3 no longer has. With pandas<3 it works.
# evidently 0.7.23, pandas 3.1.1 and 2.3.3, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install evidently==0.7.23 pandas==3.1.1 2>/dev/null
if v/bin/python -c "import evidently" 2> error.txt; then echo "it imports beside pandas 3.1.1 now"; exit 1; fi
echo "evidently 0.7.23, pandas 3.1.1: $(tail -1 error.txt | sed 's| (.*||')"
grep -q infer_dtype_from_object error.txt
v/bin/pip -q install 'pandas==2.3.3' 2>/dev/null
v/bin/python -W ignore -c "import evidently; from evidently import Report; print('pandas 2.3.3: imports')"
echo "as described"
