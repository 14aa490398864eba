"""Classical machine learning against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, emit
from onnx import TensorProto, helper

from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def model_of(op, width, outputs=(("y", FLOAT),), rows=20, version=1, **attributes):
    node = helper.make_node(op, ["x"], [n for n, _ in outputs], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", FLOAT, [rows, width])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def check(proto, folder, x):
    file = built(proto, folder)
    found = Interpreter(model_content=file.data).get_signature_runner()(x=x)
    for name, wanted in OnnxRuntime(proto.SerializeToString()).run({"x": x}).items():
        assert found[name].dtype == wanted.dtype
        np.testing.assert_allclose(
            found[name].reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5, err_msg=name
        )


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


TABLES = [
    pytest.param("Scaler", {"offset": [1.0, 2.0, 3.0], "scale": [0.5, 2.0, 4.0]}, id="scaler"),
    pytest.param("Scaler", {"offset": [1.0], "scale": [0.5]}, id="scaler-of-all"),
    pytest.param("Binarizer", {"threshold": 0.3}, id="binarizer"),
    pytest.param("Normalizer", {"norm": "MAX"}, id="max"),
    pytest.param("Normalizer", {"norm": "L1"}, id="l1"),
    pytest.param("Normalizer", {"norm": "L2"}, id="l2"),
    pytest.param(
        "Imputer",
        {"imputed_value_floats": [1.0, 2.0, 3.0], "replaced_value_float": float("nan")},
        id="imputer",
    ),
    pytest.param(
        "Imputer",
        {"imputed_value_floats": [1.0], "replaced_value_float": 0.0},
        id="imputer-of-zeros",
    ),
]


@pytest.mark.parametrize(("op", "settings"), TABLES)
def test_columns_of_a_table(op, settings, tmp_path):
    x = np.abs(drawn(20, 3)) if settings.get("norm") == "MAX" else drawn(20, 3)
    x[::7, 1] = np.nan if np.isnan(settings.get("replaced_value_float", 0)) else 0
    check(model_of(op, 3, **settings), tmp_path, x)


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
def test_a_linear_regressor(transform, tmp_path):
    proto = model_of(
        "LinearRegressor", 4, coefficients=drawn(12).tolist(), intercepts=drawn(3).tolist(),
        targets=3, post_transform=transform,
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 4))


CLASSES = (("label", INT64), ("scores", FLOAT))


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize(("rows", "labels"), [(3, [7, -2, 5]), (2, [4, 9]), (1, [3, 8])])
def test_a_linear_classifier(rows, labels, transform, tmp_path):
    proto = model_of(
        "LinearClassifier", 4, CLASSES, coefficients=drawn(rows * 4).tolist(),
        intercepts=drawn(rows, seed=1).tolist(), classlabels_ints=labels, post_transform=transform,
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 4, seed=2))


@pytest.mark.parametrize("kernel", ["LINEAR", "POLY", "RBF", "SIGMOID"])
def test_a_support_vector_regressor(kernel, tmp_path):
    proto = model_of(
        "SVMRegressor", 3, coefficients=drawn(5).tolist(), support_vectors=drawn(15).tolist(),
        n_supports=5, rho=[0.4], kernel_type=kernel, kernel_params=[0.3, 0.5, 3.0],
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 3, seed=1))


def tree(number, depth, mode, rng, leaves):
    """A full tree's nodes as ONNX lists them, and its leaves with a weight each."""
    inner, every = 2**depth - 1, 2 ** (depth + 1) - 1
    nodes = {
        "nodes_treeids": [number] * every,
        "nodes_nodeids": list(range(every)),
        "nodes_featureids": rng.integers(0, 4, every).tolist(),
        "nodes_values": rng.normal(size=every).round(1).tolist(),
        "nodes_modes": [mode if n < inner else "LEAF" for n in range(every)],
        "nodes_truenodeids": [2 * n + 1 if n < inner else 0 for n in range(every)],
        "nodes_falsenodeids": [2 * n + 2 if n < inner else 0 for n in range(every)],
        "nodes_missing_value_tracks_true": rng.integers(0, 2, every).tolist(),
    }
    leaves["treeids"] += [number] * (every - inner)
    leaves["nodeids"] += list(range(inner, every))
    return nodes


def forest(mode, targets, kind, *, signed=True):
    """Three trees of different depths."""
    rng = np.random.default_rng(0)
    leaves = {"treeids": [], "nodeids": []}
    trees = [tree(number, depth, mode, rng, leaves) for number, depth in enumerate((3, 1, 2))]
    nodes = {key: [item for each in trees for item in each[key]] for key in trees[0]}
    count = len(leaves["treeids"])
    weights = rng.normal(size=count * len(targets))
    prefix = f"{kind}_"
    nodes[f"{prefix}treeids"] = leaves["treeids"] * len(targets)
    nodes[f"{prefix}nodeids"] = leaves["nodeids"] * len(targets)
    nodes[f"{prefix}ids"] = [target for target in targets for _ in range(count)]
    nodes[f"{prefix}weights"] = (weights if signed else np.abs(weights) / 5).tolist()
    return nodes


MODES = ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"]


@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_a_regressor_of_trees(mode, version, tmp_path):
    proto = model_of(
        "TreeEnsembleRegressor", 4, n_targets=2, version=version, base_values=[0.5, -1.0],
        **forest(f"BRANCH_{mode}", [0, 1], "target"),
    )  # fmt: skip
    x = drawn(20, 4, seed=1).round(1)
    x[::5, 2] = np.nan
    check(proto, tmp_path, x)


@pytest.mark.parametrize("aggregate", ["AVERAGE", "MIN", "MAX"])
def test_trees_are_combined(aggregate, tmp_path):
    proto = model_of(
        "TreeEnsembleRegressor", 4, n_targets=1, aggregate_function=aggregate,
        **forest("BRANCH_LEQ", [0], "target"),
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 4, seed=1))


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize("targets", [[0, 1, 2], [0]], ids=["three", "one"])
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "positive"])
def test_a_classifier_of_trees(targets, transform, signed, tmp_path):
    labels = [5, 3, 8][: max(2, len(targets))]
    proto = model_of(
        "TreeEnsembleClassifier", 4, CLASSES, classlabels_int64s=labels, post_transform=transform,
        **forest("BRANCH_LEQ", targets, "class", signed=signed),
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 4, seed=1))


def test_labels_that_are_texts_are_refused():
    proto = model_of(
        "LinearClassifier", 4, (("label", TensorProto.STRING), ("scores", FLOAT)),
        coefficients=drawn(8).tolist(), intercepts=[0.0, 0.0], classlabels_strings=["a", "b"],
    )  # fmt: skip
    why = r"LinearClassifier .*the labels are texts, of which TFLite has no tensors; train with"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(proto)))


def test_a_function_of_scores_that_tflite_lacks_is_refused():
    proto = model_of("LinearRegressor", 4, coefficients=drawn(4).tolist(), post_transform="PROBIT")
    why = r"LinearRegressor .*post_transform = PROBIT\): TFLite has no such function .*; use one of"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(proto)))


def test_tables_side_by_side_and_columns_of_them(tmp_path):
    vectorize = helper.make_node(
        "FeatureVectorizer", ["a", "b"], ["t"], domain="ai.onnx.ml", inputdimensions=[3, 2]
    )
    pick = helper.make_node("ArrayFeatureExtractor", ["t", "i"], ["y"], domain="ai.onnx.ml")
    inputs = [helper.make_tensor_value_info(n, FLOAT, [4, w]) for n, w in (("a", 3), ("b", 2))]
    graph = helper.make_graph(
        [vectorize, pick], "g", inputs, [helper.make_tensor_value_info("y", FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array([4, 0, 2]), "i")],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    file = built(proto, tmp_path)
    a, b = drawn(4, 3), drawn(4, 2, seed=1)
    found = Interpreter(model_content=file.data).get_signature_runner()(a=a, b=b)["y"]
    np.testing.assert_array_equal(found, np.concatenate([a, b], 1)[:, [4, 0, 2]])
