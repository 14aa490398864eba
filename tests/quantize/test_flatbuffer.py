"""The graph survives reading, editing and writing."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from decant.errors import DataError
from decant.flatbuffer import empty_graph, packing
from decant.flatbuffer.graph import Graph
from decant.flatbuffer.outside import pieces, read
from decant.flatbuffer.packing import packed
from decant.runtime import LiteRtModel


def test_writing_what_was_read_changes_nothing(float_path):
    once = Graph.from_file(float_path).to_bytes()
    assert Graph.from_bytes(once).to_bytes() == once


def test_unused_tensors_and_buffers_are_dropped(float_path):
    graph = Graph.from_file(float_path)
    expected = graph.to_bytes()
    graph.add_constant("unused", np.ones(10_000, np.float32))
    assert graph.to_bytes() == expected


def test_equal_vectors_are_written_once():
    graph = empty_graph()
    tensors = [graph.add_constant(f"c{at}", np.ones(5_000, np.float32)) for at in range(4)]
    graph.subgraph.outputs = tensors
    content = graph.to_bytes()
    assert 20_000 < len(content) < 22_000
    read = Graph.from_bytes(content)
    assert all((read.constant(tensor) == 1).all() for tensor in read.outputs)


def test_buffers_are_aligned(float_path):
    content = Graph.from_file(float_path).to_bytes()
    weights = [
        value
        for tensor in range(len(Graph.from_bytes(content).subgraph.tensors))
        if (value := Graph.from_bytes(content).constant(tensor)) is not None and value.size > 99
    ]
    assert weights
    assert all(content.index(value.tobytes()) % 16 == 0 for value in weights)


def test_shared_names_are_made_unique():
    graph = empty_graph()
    graph.subgraph.outputs = [graph.add_tensor("t", (1,)) for _ in range(2)]
    for tensor in graph.subgraph.tensors:
        tensor.name = b"t"
    assert graph.rename_duplicates() == 1
    assert [graph.name(tensor) for tensor in graph.outputs] == ["t", "t_1"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "not a TFLite file"),
        (lambda content: b"PK\x03\x04" + content[4:8].lower(), "not a TFLite file"),
        (lambda content: content[:400], "a damaged TFLite file"),
    ],
    ids=["empty", "other-format", "truncated"],
)
def test_a_bad_file_is_named(tmp_path, float_path, damage, message):
    path = tmp_path / "bad.tflite"
    path.write_bytes(damage(float_path.read_bytes()))
    with pytest.raises(DataError, match=rf"bad\.tflite is {message}"):
        Graph.from_file(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*absent\.tflite: No such file"):
        Graph.from_file(tmp_path / "absent.tflite")


def products(count, size):
    """Products with square matrices, one behind the other."""
    graph = empty_graph((1, size))
    rng = np.random.default_rng(0)
    last = 0
    for number in range(count):
        matrix = rng.standard_normal((size, size)).astype(np.float32)
        weights = graph.add_constant(f"w{number}", matrix)
        made = graph.add_tensor(f"y{number}", (1, size))
        options = schema.FullyConnectedOptionsT()
        graph.subgraph.operators.append(
            graph.operator("FULLY_CONNECTED", [last, weights, -1], made, options)
        )
        last = made
    graph.subgraph.outputs = [last]
    return graph


def test_large_buffers_may_lie_behind_the_flatbuffer(tmp_path):
    graph = products(count=2, size=150)
    whole, large = tmp_path / "whole.tflite", tmp_path / "large.tflite"
    whole.write_bytes(graph.to_bytes())
    large.write_bytes(b"".join(pieces(graph.model, packed, most_bytes=1)))
    content = large.read_bytes()
    outside = [b for b in schema.ModelT.InitFromPackedBuf(content).buffers if b.offset]
    assert [(b.offset % 16, b.size, b.data) for b in outside] == [(0, 4 * 150**2, None)] * 2
    assert bytes(packed(read(content))) == bytes(packed(read(whole.read_bytes())))
    assert Graph.from_file(large).to_bytes() == Graph.from_file(whole).to_bytes()
    sample = LiteRtModel(whole).sample()
    expected, found = (LiteRtModel(path).run(sample)["y1"] for path in (whole, large))
    np.testing.assert_array_equal(found, expected)


def test_a_file_that_fits_is_one_flatbuffer(float_path):
    model = Graph.from_file(float_path).model
    (only,) = pieces(model, packed)
    assert bytes(only) == bytes(packed(model))


def test_a_file_that_has_grown_too_large_to_be_changed_is_refused(monkeypatch):
    monkeypatch.setattr(packing, "MOST_BYTES", 2**20 + 7)
    graph = empty_graph((2, 3))
    graph.subgraph.outputs = [graph.add_constant("large", np.ones((2, 3), np.float32))]
    message = r"takes 0\.0 GB: decant convert writes such .* as quantization does"
    with pytest.raises(DataError, match=message):
        graph.to_bytes()
