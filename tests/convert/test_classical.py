"""Classical machine learning against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, emit
from onnx import TensorProto, helper

from decant.convert import to_tflite
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


TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_linear_regressor(transform, tmp_path):
    proto = model_of(
        "LinearRegressor", 4, coefficients=drawn(12).tolist(), intercepts=drawn(3).tolist(),
        targets=3, post_transform=transform,
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 4))


def test_normal_quantiles_of_scores(tmp_path):
    proto = model_of(
        "LinearRegressor", 4, coefficients=[0.1, 0.2, 0.05, 0.1], intercepts=[0.3],
        post_transform="PROBIT",
    )  # fmt: skip
    check(proto, tmp_path, np.random.default_rng(0).uniform(size=(20, 4)).astype(np.float32))


CLASSES = (("label", INT64), ("scores", FLOAT))


@pytest.mark.parametrize("transform", TRANSFORMS)
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


@pytest.mark.parametrize("chances", [False, True], ids=["votes", "probabilities"])
@pytest.mark.parametrize("counts", [[2, 3], [2, 1, 2], [1, 2, 1, 2]], ids=["two", "three", "four"])
@pytest.mark.parametrize("kernel", ["LINEAR", "POLY", "RBF", "SIGMOID"])
def test_a_support_vector_classifier(kernel, counts, chances, tmp_path):
    vectors, classes = sum(counts), len(counts)
    pairs = classes * (classes - 1) // 2
    sigmoids = {
        "prob_a": (-np.abs(drawn(pairs, seed=4))).tolist(),
        "prob_b": (drawn(pairs, seed=5) / 10).tolist(),
    }
    proto = model_of(
        "SVMClassifier", 3, CLASSES, coefficients=drawn((classes - 1) * vectors).tolist(),
        support_vectors=drawn(vectors * 3, seed=1).tolist(), vectors_per_class=counts,
        rho=drawn(pairs, seed=2).tolist(), kernel_type=kernel, kernel_params=[0.3, 0.1, 3.0],
        classlabels_ints=[4, 2, 9, 7][:classes], **(sigmoids if chances else {}),
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 3, seed=3))


def test_a_support_vector_classifier_of_weights_alone(tmp_path):
    proto = model_of(
        "SVMClassifier", 3, CLASSES, coefficients=drawn(9).tolist(), rho=[0.4],
        kernel_type="LINEAR", kernel_params=[0.0, 0.0, 3.0], classlabels_ints=[5, 3, 8],
        post_transform="SOFTMAX",
    )  # fmt: skip
    check(proto, tmp_path, drawn(20, 3, seed=1))


def of_numbers(op, kind, x, folder, version=2, **attributes):
    """What one node makes of numbers, which ONNX Runtime makes, too."""
    proto = model_of(op, 3, (("y", kind),), len(x), version, **attributes)
    proto.graph.input[0].type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(x.dtype)
    check(proto, folder, x)


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("values", ["values_int64s", "values_floats"])
@pytest.mark.parametrize("keys", ["keys_int64s", "keys_floats"])
def test_numbers_in_place_of_others(keys, values, version, tmp_path):
    kind = INT64 if values == "values_int64s" else FLOAT
    x = np.arange(12).reshape(4, 3).astype(np.int64 if keys == "keys_int64s" else np.float32)
    make, known = (int if kind == INT64 else float), (int if x.dtype == np.int64 else float)
    settings = {keys: [known(k) for k in (7, 2, 3)], values: [make(v) for v in (5, 6, -7)]}
    default = {"default_int64": -3} if kind == INT64 else {"default_float": 0.5}
    of_numbers("LabelEncoder", kind, x, tmp_path, version, **settings, **default)


def test_a_number_in_place_of_a_missing_one(tmp_path):
    x = np.array([[np.nan, 1.0, 2.0]], np.float32)
    settings = {"keys_floats": [float("nan"), 1.0], "values_int64s": [9, 8]}
    of_numbers("LabelEncoder", INT64, x, tmp_path, 4, **settings)


def test_texts_in_place_of_numbers_are_refused():
    proto = model_of("LabelEncoder", 3, keys_strings=["a"], values_floats=[1.0], version=2)
    why = r"LabelEncoder .*texts stand for categories, of which TFLite has .*; number the categ"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(proto)))


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_categories_one_hot(dtype, tmp_path):
    x = np.arange(12).reshape(4, 3).astype(dtype)
    of_numbers("OneHotEncoder", FLOAT, x, tmp_path, 1, cats_int64s=[4, 0, 9], zeros=1)


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


@pytest.mark.parametrize("aggregate", ["MIN", "MAX"])
def test_a_leaf_that_says_nothing_of_a_target_is_not_zero(aggregate, tmp_path):
    nodes = forest("BRANCH_LEQ", [0, 1], "target")
    trees = nodes["target_treeids"]
    kept = [i for i, tree in enumerate(trees) if tree == 0 or (tree == 1) == (i < len(trees) // 2)]
    leaves = {k: [v[i] for i in kept] for k, v in nodes.items() if k.startswith("target_")}
    proto = model_of(
        "TreeEnsembleRegressor", 4, n_targets=2, aggregate_function=aggregate, **{**nodes, **leaves}
    )
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


@pytest.mark.parametrize(
    ("count", "transform", "why"),
    [
        (2, "CUBIC", r"post_transform = CUBIC\): ONNX has no such function of scores; use one of"),
        (1, "PROBIT", r"post_transform = PROBIT\): of two classes it leaves one score"),
    ],
)
def test_a_function_of_scores_that_cannot_be_is_refused(count, transform, why):
    proto = model_of(
        "LinearClassifier", 4, CLASSES, coefficients=drawn(4 * count).tolist(),
        classlabels_ints=[0, 1], post_transform=transform,
    )  # fmt: skip
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


def test_a_classifier_of_names_says_numbers(tmp_path):
    names = {"classlabels_strings": ["no", "yes", "maybe"]}
    scores = {"coefficients": [1.0, 2.0, -1.0, 0.5, 0.2, -2.0], "intercepts": [0.1, 0.2, 0.3]}
    outputs = (("label", TensorProto.STRING), ("scores", FLOAT))
    proto = model_of("LinearClassifier", 2, outputs, **names, **scores)
    for value in proto.graph.output:
        value.CopyFrom(
            helper.make_tensor_value_info(value.name, value.type.tensor_type.elem_type, [20, None])
        )
    onnx.save(proto, tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out")
    assert [info.dtype for info in report.outputs] == ["int64", "float32"]
    assert report.warnings[0].endswith("a label there, from 0, of ['no', 'yes', 'maybe']")
    assert (tmp_path / "out/model_numbers.onnx").exists()
