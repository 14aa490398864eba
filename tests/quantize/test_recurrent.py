"""PyTorch's recurrent layers become static int8 files that run."""

import re

import numpy as np
import pytest
import torch
from candidates import named
from torch import nn

from decant.convert import to_tflite
from decant.flatbuffer import Graph
from decant.quantize import STATIC_INT8, quantize

LAYERS = {
    "lstm": lambda: nn.LSTM(12, 20, batch_first=True),
    "lstm-bidirectional-of-two": lambda: nn.LSTM(12, 20, 2, batch_first=True, bidirectional=True),
    "gru-bidirectional": lambda: nn.GRU(12, 20, batch_first=True, bidirectional=True),
    "rnn": lambda: nn.RNN(12, 20, batch_first=True),
}


class Tagger(nn.Module):
    """Five scores for every step of a sequence."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(20 * (1 + layer.bidirectional), 5)

    def forward(self, steps):
        return self.head(self.layer(steps)[0])


@pytest.mark.parametrize("name", LAYERS)
def test_a_recurrent_layer_becomes_int8(tmp_path, name):
    torch.manual_seed(0)
    steps = np.random.default_rng(0).normal(size=(24, 7, 12)).astype(np.float32)
    converted = to_tflite(Tagger(LAYERS[name]()).eval(), tmp_path, inputs={"steps": steps})
    report = quantize(
        converted.tflite, tmp_path, calibration={"steps": steps}, recipes=[STATIC_INT8]
    )
    assert report.failures == {}
    candidate = named(report, "static_int8")
    assert report.notes == ()
    assert candidate.fit
    # Seven steps feed their rounding to the next; 16 dB in one of them is the least that was seen.
    assert min(candidate.snr_db.values()) > 13


def test_what_a_loop_computes_stays_float_and_is_said(tmp_path):
    """Ranges are measured outside of loops only; unrolled in int8 as many steps are slower."""
    torch.manual_seed(0)
    steps = np.random.default_rng(0).normal(size=(8, 40, 12)).astype(np.float32)
    converted = to_tflite(
        Tagger(LAYERS["gru-bidirectional"]()).eval(), tmp_path, inputs={"steps": steps}
    )
    report = quantize(converted.tflite, tmp_path, calibration={"steps": steps})
    assert report.failures == {}
    candidate = named(report, "static_int8")
    assert re.match(r"model_int8.tflite computes (\d+ \w+, )*1 WHILE in float", report.notes[0])
    made, original = (
        Graph.from_file(tmp_path / name) for name in (candidate.file, converted.tflite.name)
    )
    assert made.histogram()["FULLY_CONNECTED"] == 2
    assert [loop(made, n) for n in (1, 2)] == [loop(original, n) for n in (1, 2)]
    assert min(candidate.snr_db.values()) > 25


def loop(graph, number):
    """Operators, names and types of a graph that a WHILE runs."""
    inside = graph.model.subgraphs[number]
    return [graph.kind(op) for op in inside.operators], [(t.name, t.type) for t in inside.tensors]
