"""Small real models and tables for tests of scoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def customers(rows: int, seed: int = 0, shift: float = 0.0, labels: bool = True) -> pd.DataFrame:
    """Age, income, region and whether the customer left, which depends on all three."""
    rng = np.random.default_rng(seed)
    age = rng.normal(40 + shift, 10, rows)
    income = rng.normal(3, 1, rows)
    region = rng.choice(["north", "south"], rows)
    left = age / 10 + income + (region == "south") + rng.normal(0, 1.0, rows) > 7.5
    frame = pd.DataFrame(
        {"id": np.arange(rows), "age": age.astype("f4"), "income": income.astype("f4"), "region": region}
    )
    if labels:
        frame["churned"] = left.astype(int)
    return frame


def good_model(frame: pd.DataFrame) -> Any:
    """A pipeline on numbers and text: what a champion should be."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (StandardScaler(), ["age", "income"]), (OneHotEncoder(handle_unknown="ignore"), ["region"])
    )
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(frame[["age", "income", "region"]], frame["churned"])


def poor_model(frame: pd.DataFrame) -> Any:
    """One that looks at the age alone."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(frame[["age"]], frame["churned"])


def save_onnx(model: Any, sample: Any, path: Path, **options: Any) -> Path:
    from skl2onnx import to_onnx

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_onnx(model, sample, options=options or None).SerializeToString())
    return path


def save_skops(model: Any, path: Path) -> Path:
    import skops.io

    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, path)
    return path


def save_graph(
    path: Path, weights: Any, *, rows: int | None = None, after: str = "", output: str = "out"
) -> Path:
    """A graph as torch exports one: out = after(x @ weights), no labels."""
    from onnx import TensorProto, helper, numpy_helper

    matrix = np.asarray(weights, dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["raw" if after else output])]
    if after:
        nodes.append(helper.make_node(after, ["raw"], [output]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, matrix.shape[0]])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [rows, matrix.shape[1]])],
        [numpy_helper.from_array(matrix, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return path


def save_endless(path: Path) -> Path:
    """A graph whose loop has no end."""
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, kind: int, shape: list[Any] | None) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    again, number = TensorProto.BOOL, TensorProto.FLOAT
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["v", "v"], ["w"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", again, []), value("v", number, None)],
        [value("on", again, []), value("w", number, None)],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)],
        "g",
        [value("x", number, [None, 2])],
        [value("y", number, [None, 2])],
        [numpy_helper.from_array(np.array(True), "yes")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(made.SerializeToString())
    return path
