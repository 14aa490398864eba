"""Classifiers that say texts and maps, as scikit-learn's are exported, in numbers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from decant.graph.spoken import in_numbers

NAMES = ["setosa", "versicolor", "virginica"]
X = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)


def saved(folder, nodes, outputs, texts=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])
    made = [helper.make_node(op, i, o, domain=domain, **a) for op, i, o, domain, a in nodes]
    constants = [helper.make_tensor("texts", TensorProto.STRING, [len(texts)], texts)] * bool(texts)
    graph = helper.make_graph(made, "g", [x], outputs, constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    path = folder / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def text_output(name):
    return helper.make_tensor_value_info(name, TensorProto.STRING, ["n"])


def map_output(name):
    number = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_map_type_proto(TensorProto.STRING, number)
    return helper.make_value_info(name, helper.make_sequence_type_proto(maps))


def run(model):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})


ML = "ai.onnx.ml"
SCORES = {"coefficients": [1.0, 2.0, -1.0, 0.5, 0.2, -2.0], "intercepts": [0.1, 0.2, 0.3]}
CLASSIFIER = ("LinearClassifier", ["x"], ["l", "s"], ML, {"classlabels_strings": NAMES, **SCORES})


def test_a_map_for_every_row_is_a_table(tmp_path):
    zipped = ("ZipMap", ["s"], ["maps"], ML, {"classlabels_strings": NAMES})
    path = saved(tmp_path, [CLASSIFIER, zipped], [map_output("maps")])
    model, (note,) = in_numbers(path)
    onnx.checker.check_model(model)
    (table,), (maps,) = run(model.SerializeToString()), run(path)
    assert [dict(zip(NAMES, row, strict=True)) for row in table.tolist()] == maps
    assert note == (
        'the output "maps" is a sequence of maps, which no .tflite file has: it is a table there,'
        " with the columns ['setosa', 'versicolor', 'virginica']"
    )


ENCODED = {"keys_int64s": [0, 1], "values_strings": ["no", "yes"], "default_string": "never"}
TEXTS = [
    pytest.param([CLASSIFIER, ("Identity", ["l"], ["y"], "", {})], (), NAMES, id="classifier"),
    pytest.param(
        [
            ("ArgMax", ["x"], ["i"], "", {"axis": 1, "keepdims": 0}),
            ("LabelEncoder", ["i"], ["y"], ML, ENCODED),
        ],
        (),
        ["no", "yes"],
        id="encoder",
    ),
    pytest.param(
        [
            ("ArgMax", ["x"], ["i"], "", {"axis": 1, "keepdims": 0}),
            ("ArrayFeatureExtractor", ["texts", "i"], ["y"], ML, {}),
        ],
        ["no", "yes"],
        ["no", "yes"],
        id="table",
    ),
]


@pytest.mark.parametrize(("otherwise", "number"), [("no", 0), ("never", -1)])
def test_a_key_that_an_encoder_does_not_know_is_the_number_of_what_it_says(
    otherwise, number, tmp_path
):
    encoded = {"keys_int64s": [5, 6], "values_strings": ["no", "yes"], "default_string": otherwise}
    nodes = [
        ("ArgMax", ["x"], ["i"], "", {"axis": 1, "keepdims": 0}),
        ("LabelEncoder", ["i"], ["y"], ML, encoded),
    ]
    model, _ = in_numbers(saved(tmp_path, nodes, [text_output("y")]))
    (numbers,) = run(model.SerializeToString())
    assert {*numbers.ravel()} == {number}


@pytest.mark.parametrize(("nodes", "texts", "labels"), TEXTS)
def test_a_text_is_its_number(nodes, texts, labels, tmp_path):
    path = saved(tmp_path, nodes, [text_output("y")], texts)
    model, (note,) = in_numbers(path)
    (numbers,), (said,) = run(model.SerializeToString()), run(path)
    assert len({*said.ravel()}) > 1
    assert [labels[number] for number in numbers.ravel()] == [*said.ravel()]
    assert note.startswith('the output "y" is text, which no .tflite file has: it is the number')


def test_a_text_that_is_made_in_another_way_is_left_alone(tmp_path):
    cast = ("Cast", ["x"], ["y"], "", {"to": TensorProto.STRING})
    assert in_numbers(saved(tmp_path, [CLASSIFIER, cast], [text_output("y")])) is None


def test_a_model_of_numbers_and_no_model_are_left_alone(tmp_path):
    output = helper.make_tensor_value_info("s", TensorProto.FLOAT, ["n", 3])
    assert in_numbers(saved(tmp_path, [CLASSIFIER], [output])) is None
    (tmp_path / "none.onnx").write_bytes(b"")
    assert in_numbers(tmp_path / "none.onnx") is None
