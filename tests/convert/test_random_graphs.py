"""Graphs that nobody wrote: each converts to what ONNX Runtime computes, or one node is refused."""

import onnx
import pytest
from random_graphs import drawn

from decant.convert import to_tflite
from decant.errors import UnsupportedOp


@pytest.mark.parametrize("seed", [0, 7, 13, 29])
def test_a_random_graph_converts(seed, tmp_path):
    onnx.save(drawn(seed), tmp_path / "net.onnx")
    to_tflite(tmp_path / "net.onnx", tmp_path / "net.tflite")  # compares with ONNX Runtime


def test_a_random_graph_that_does_not_is_refused_by_its_node(tmp_path):
    onnx.save(drawn(20), tmp_path / "net.onnx")
    with pytest.raises(UnsupportedOp, match=r"\n  node_resize3: Resize \(opset 20\): an axis of"):
        to_tflite(tmp_path / "net.onnx", tmp_path / "net.tflite")
    assert not (tmp_path / "net.tflite").exists()
