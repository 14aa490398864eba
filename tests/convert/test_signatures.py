"""Several entry points of one model become signatures of one file, each as right as alone."""

import json

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter
from emitted import drawn, parsed
from tiny_graph import of_one

from decant.convert import EntryPoint, to_signatures
from decant.convert.signatures import entry_point_of
from decant.errors import DataError, ParityError, UsageError
from decant.flatbuffer import Graph, parted, united
from decant.onnx_runtime import OnnxRuntime
from decant.quantize import quantize_signatures
from decant.runtime import LiteRtModel
from decant.runtime_signatures import HOP, OwnFile, held_to_own

SINGLE_PRECISION = 1e-5
"""Relative; sums of 576 products in another order."""
SHARED = 1.15
"""How much larger a file is than the largest of those that it unites: graphs, no weights."""

POOLED = """(float[1,3,h,w] x) => (float[1,96] mean, float[1,96,e,d] y) {
    z = Conv<pads = [1,1,1,1], strides = [2,2]>(x, k) r = Relu(z)
    y = Conv<pads = [1,1,1,1]>(r, l) p = GlobalAveragePool(y) mean = Flatten(p) }"""
KERNELS = {"k": (64, 3, 3, 3), "l": (96, 64, 3, 3)}
SIZES = {"small": (1, 3, 24, 40), "large": (1, 3, 56, 72)}

COUNTED = """(float[2,k] x, int64 n) => (float[2,k] last) <bool yes = {1}> {
    last = Loop(n, yes, x) <body = b (int64 i, bool keep, float[2,k] a)
        => (bool go, float[2,k] next) {
            c = Cast<to = 1>(i) p = Add(a, c) next = Tanh(p) go = Identity(keep) }>
}"""
WRONG_WHEN_LARGE = """
import tensorflow as tf
from decant.convert import op, pointwise

@op("Neg")
def negative(x):
    off = 1.0 if x.plain().shape[1] > 4 else 0.0
    return pointwise(lambda tensor: off - tensor, x)
"""


def saved(folder, text, weights=None):
    path = folder / "net.onnx"
    onnx.save(parsed(text, weights), path)
    return path


def of_shapes(shapes, inputs=None):
    return {name: EntryPoint({"x": shape}, inputs) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    """A network for two sizes: its ONNX file, and the report of the one file."""
    folder = tmp_path_factory.mktemp("sizes")
    path, out = saved(folder, POOLED, KERNELS), folder / "out"
    out.mkdir()
    (out / "model_fp32.unverified.tflite").write_text("of a run that failed")
    return path, to_signatures(path, out, of_shapes(SIZES))


@pytest.mark.parametrize("name", SIZES)
def test_each_size_computes_what_onnx_runtime_does(sizes, name):
    path, report = sizes
    x = drawn(*SIZES[name])
    expected = OnnxRuntime(path).run({"x": x})
    runner = Interpreter(model_path=str(report.tflite)).get_signature_runner(name)
    found = runner(x=np.moveaxis(x, 1, -1))
    found["y"] = np.moveaxis(found["y"], -1, 1)
    for output, wanted in expected.items():
        assert found[output].shape == wanted.shape
        assert np.abs(found[output] - wanted).max() <= SINGLE_PRECISION * np.abs(wanted).max()
    half = runner(x=np.moveaxis(x / 2, 1, -1))
    assert np.abs(half["mean"] - found["mean"]).max() > 0.1 * np.abs(found["mean"]).max()


def test_the_compiled_model_runs_every_size(sizes):
    _, report = sizes
    model = CompiledModel.from_file(str(report.tflite))
    for index, (name, shape) in enumerate(SIZES.items()):
        x = np.ascontiguousarray(np.moveaxis(drawn(*shape), 1, -1))
        inputs, outputs = model.create_input_buffers(index), model.create_output_buffers(index)
        inputs[0].write(x)
        model.run_by_index(index, inputs, outputs)
        wanted = Interpreter(model_path=str(report.tflite)).get_signature_runner(name)(x=x)
        names = model.get_signature_list()[name]["outputs"]
        for output, buffer in zip(names, outputs, strict=True):
            found = buffer.read(wanted[output].size, np.float32)
            assert np.array_equal(found, wanted[output].ravel())


def test_nothing_is_left_of_a_run_that_failed(sizes):
    _, report = sizes
    assert {path.name for path in report.tflite.parent.iterdir()} == {
        *("model_fp32.tflite", "signatures", "signatures.json")
    }


def test_sizes_share_their_weights(sizes):
    _, report = sizes
    weights = 4 * sum(int(np.prod(shape)) for shape in KERNELS.values())
    assert weights < report.size_bytes < SHARED * max(report.alone_bytes.values())
    assert report.size_bytes == report.tflite.stat().st_size


def test_every_signature_has_its_parities_in_the_report(sizes):
    _, report = sizes
    document = json.loads((report.tflite.parent / "signatures.json").read_text())
    assert list(document["signatures"]) == list(SIZES)
    for name, shape in SIZES.items():
        own = document["signatures"][name]
        assert own["shapes"] == {"x": list(shape)}
        hops = {parity["hop"]: parity["max_relative"] for parity in own["parity"]}
        assert set(hops) == {"onnx → saved_model", "saved_model → tflite", "onnx → tflite", HOP}
        assert hops[HOP] == 0
        assert 0 < hops["onnx → tflite"] < SINGLE_PRECISION
        alone = report.tflite.parent / "signatures" / name / "model_fp32.tflite"
        assert report.signatures[name].tflite == alone
        assert LiteRtModel(alone).inputs[0].onnx_shape == shape
    lines = list(report.lines())
    assert any(line.startswith("large: tflite → signature: largest relative") for line in lines)
    assert any(line.startswith("all signatures in 0.2") for line in lines)


def test_the_same_files_make_the_same_bytes(sizes):
    _, report = sizes
    files = {name: Graph.from_file(each.tflite) for name, each in report.signatures.items()}
    assert united(files).to_bytes() == report.tflite.read_bytes()


def test_parts_of_a_file_compute_what_it_does(sizes, tmp_path):
    _, report = sizes
    for name, graph in parted(Graph.from_file(report.tflite)).items():
        (tmp_path / f"{name}.tflite").write_bytes(graph.to_bytes())
        own, x = report.signatures[name], {"x": drawn(*SIZES[name])}
        part = LiteRtModel(tmp_path / f"{name}.tflite", own.inputs, own.outputs).run(x)
        alone = LiteRtModel(own.tflite).run(x)
        assert list(part) == ["mean", "y"]
        assert all(np.array_equal(part[output], alone[output]) for output in part)


def test_a_file_that_computes_something_else_is_told_by_its_signature(sizes, tmp_path):
    _, report = sizes
    files = {name: Graph.from_file(each.tflite) for name, each in report.signatures.items()}
    for large in files["large"].model.buffers:
        if large.data is not None and len(large.data) == 4 * 96 * 64 * 9:
            large.data = np.roll(large.data, 4)
    (tmp_path / "odd.tflite").write_bytes(united(files).to_bytes())
    runs = {name: [{"x": drawn(*shape)}] for name, shape in SIZES.items()}
    own = {
        name: OwnFile(each.tflite, each.inputs, each.outputs)
        for name, each in report.signatures.items()
    }
    with pytest.raises(ParityError, match=r"^signature large: the file of all signatures computes"):
        held_to_own(tmp_path / "odd.tflite", own, runs, SINGLE_PRECISION)


def test_loops_run_the_bodies_of_their_own_signature(tmp_path):
    path = saved(tmp_path, COUNTED)
    inputs = {
        name: {"x": drawn(3, 2, width), "n": np.array([1, 3, 4])}
        for name, width in (("narrow", 3), ("wide", 5))
    }
    entry_points = {
        name: EntryPoint({"x": (2, given["x"].shape[-1])}, given) for name, given in inputs.items()
    }
    report = to_signatures(path, tmp_path / "out", entry_points)
    graph = Graph.from_file(report.tflite)
    assert len(graph.model.subgraphs) == 6
    for name, given in inputs.items():
        runner = Interpreter(model_path=str(report.tflite)).get_signature_runner(name)
        for x, n in zip(given["x"], given["n"], strict=True):
            (wanted,) = OnnxRuntime(path).run({"x": x, "n": np.array(n)}).values()
            assert np.abs(runner(x=x, n=np.array(n))["last"] - wanted).max() < SINGLE_PRECISION
    parts = parted(graph)
    assert [len(part.model.subgraphs) for part in parts.values()] == [3, 3]


class Translator(torch.nn.Module):
    """Encodes and decodes through layers that both share."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(torch.nn.Linear(24, 640), torch.nn.Tanh())
        self.back = torch.nn.Linear(640, 24)

    def forward(self, x):
        return self.back(self.body(x))

    def encode(self, x):
        return {"code": self.back(self.body(x)).tanh()}

    def decode(self, code, shift):
        return self.back(self.body(code + shift)), code.mean(-1)


METHODS = {
    "encode": {"x": drawn(5, 7, 24)},
    "decode": {"code": drawn(5, 3, 24), "shift": drawn(5, 1, 24)},
}


@pytest.fixture(scope="module")
def methods(tmp_path_factory):
    """A module with two methods, and the report of the file that has both."""
    network = Translator().eval()
    entry_points = {name: EntryPoint(inputs=each, method=name) for name, each in METHODS.items()}
    out = tmp_path_factory.mktemp("methods")
    return network, to_signatures(network, out, entry_points)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_computes_what_pytorch_does(methods, name):
    network, report = methods
    given = {key: array[:1] for key, array in METHODS[name].items()}
    with torch.no_grad():
        wanted = getattr(network, name)(**{k: torch.from_numpy(a) for k, a in given.items()})
    wanted = [*wanted.values()] if isinstance(wanted, dict) else wanted
    runner = Interpreter(model_path=str(report.tflite)).get_signature_runner(name)
    signature = report.signatures[name]
    feeds = {info.name: info.from_onnx_order(given[info.name]) for info in signature.inputs}
    found = runner(**feeds)
    for info, expected in zip(signature.outputs, wanted, strict=True):
        array = info.to_onnx_order(found[info.name])
        assert np.abs(array - expected.numpy()).max() < SINGLE_PRECISION


def test_methods_share_their_weights_and_are_held_to_pytorch(methods):
    network, report = methods
    weights = 4 * sum(each.numel() for each in network.parameters())
    assert weights < report.size_bytes < SHARED * max(report.alone_bytes.values())
    for name in METHODS:
        hops = [parity.hop for parity in report.signatures[name].parity]
        assert "pytorch → tflite" in hops
    assert [info.name for info in report.signatures["encode"].outputs] == ["code"]


def test_an_entry_point_is_its_module_in_all_but_the_method():
    network = Translator().eval()
    entry_point = entry_point_of(network, "encode")
    assert entry_point.body[0].weight is network.body[0].weight
    x = torch.from_numpy(drawn(1, 7, 24))
    assert torch.equal(entry_point(x)["code"], network.encode(x)["code"])
    assert torch.equal(network(x), network.back(network.body(x)))


@pytest.mark.parametrize(
    ("entry_points", "message"),
    [
        ({}, r"no signature is asked for; name one or more"),
        ({"1st": EntryPoint()}, r"signature '1st': a name is letters, digits and _"),
        ({"a b": EntryPoint()}, r"signature 'a b': a name is letters"),
        (
            {"a": EntryPoint(method="encode")},
            r"signature a: .*net\.onnx has no method encode, as a module has",
        ),
        (
            {"a": EntryPoint({"x": (1, 3, 8, 8)}), "b": EntryPoint({"z": (1, 3, 8, 8)})},
            r"^signature b: --shape z=1,3,8,8: no input is called z; give one of x$",
        ),
        (
            {"a": EntryPoint({"x": (1, 4, 8, 8)})},
            r"^signature a: --shape x=1,4,8,8: the model's x is \[1, 3, \?, \?\]; give as many",
        ),
    ],
    ids=["none", "digit", "space", "method of a file", "unknown input", "contradiction"],
)
def test_what_is_no_set_of_signatures_is_refused(tmp_path, entry_points, message):
    path = saved(tmp_path, "(float[1,3,h,w] x) => (float[1,3,h,w] y) { y = Relu(x) }")
    with pytest.raises(UsageError, match=message):
        to_signatures(path, tmp_path / "out", entry_points)
    assert not (tmp_path / "out").exists()


def test_a_method_that_a_module_lacks_is_refused_with_those_that_it_has(tmp_path):
    entry_points = {"speak": EntryPoint(inputs=METHODS["encode"], method="speak")}
    message = r"^signature speak: Translator has no method speak; its methods .*: decode, encode$"
    with pytest.raises(UsageError, match=message):
        to_signatures(Translator().eval(), tmp_path / "out", entry_points)


def test_other_files_than_onnx_have_no_signatures(tmp_path):
    with pytest.raises(UsageError, match=r"net\.pt2: signatures are of an \.onnx file or a module"):
        to_signatures(tmp_path / "net.pt2", tmp_path / "out", {"a": EntryPoint()})


def test_a_method_without_inputs_is_told_what_it_takes(tmp_path):
    entry_points = {"decode": EntryPoint(method="decode")}
    with pytest.raises(DataError, match=r'^signature decode: .*\{"code": …, "shift": …\}'):
        to_signatures(Translator().eval(), tmp_path / "out", entry_points)


def test_a_size_that_is_wrong_leaves_no_file(tmp_path):
    path = saved(tmp_path, "(float[1,k] x) => (float[1,k] y) { y = Neg(x) }")
    operators = tmp_path / "wrong.py"
    operators.write_text(WRONG_WHEN_LARGE)
    shapes = {"narrow": (1, 3), "wide": (1, 9)}
    with pytest.raises(ParityError, match=r"^signature wide: ") as error:
        to_signatures(path, tmp_path / "out", of_shapes(shapes), operators=[operators])
    assert error.value.exit_code == 4
    assert not (tmp_path / "out").exists()


def test_files_of_several_signatures_are_not_united_again(sizes):
    _, report = sizes
    with pytest.raises(DataError, match=r"^both: the file has several signatures already: small,"):
        united({"both": Graph.from_file(report.tflite)})


def test_a_name_of_another_tool_leads_to_no_other_folder(tmp_path):
    """Any text is a name in a `.tflite`, a path too."""
    elsewhere = tmp_path / "elsewhere"
    graph = of_one("RELU", (1, 4), (1, 4))
    file = tmp_path / "net.tflite"
    file.write_bytes(united({f"{elsewhere}": graph, "../b": graph}).to_bytes())
    report = quantize_signatures(file, tmp_path / "out")
    assert [*report.signatures] == [f"{elsewhere}", "../b"]
    assert {path.name for path in tmp_path.iterdir()} == {"net.tflite", "out"}
