"""Graphs that nobody wrote: each converts to what ONNX Runtime computes."""

import onnx
import pytest
from random_graphs import drawn

from decant.convert import to_tflite


@pytest.mark.parametrize("seed", [0, 7, 13, 20, 29])
def test_a_random_graph_converts(seed, tmp_path):
    onnx.save(drawn(seed), tmp_path / "net.onnx")
    to_tflite(tmp_path / "net.onnx", tmp_path / "net.tflite")  # compares with ONNX Runtime
