"""PyTorch's recurrent layers become static int8 files that run."""

import numpy as np
import pytest
import torch
from candidates import named
from torch import nn

from decant.convert import to_tflite
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
    assert report.notes == ()  # nothing stays float
    assert candidate.fit
    # Seven steps feed their rounding to the next; 16 dB in one of them is the least that was seen.
    assert min(candidate.snr_db.values()) > 13
