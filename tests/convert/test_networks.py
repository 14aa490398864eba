"""Every family of public networks converts, computes the same, and moves no more than it must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import image_families as image
import numpy as np
import pytest
import sequence_families as sequence
import torch
from ai_edge_litert.interpreter import Interpreter
from emitted import emit
from torch import nn
from torch_networks import pictures

from decant.convert import savedmodel, tflite
from decant.convert.export.to_onnx import to_onnx
from decant.convert.rewrites import REWRITES
from decant.graph.load import load
from decant.graph.rewrite import apply

CLOSE = 1e-4
"""What `to_tflite` promises, relative to the largest element."""

Example = dict[str, torch.Tensor]


def photos() -> Example:
    return {"input": torch.from_numpy(pictures(8, seed=99))}


def waves() -> Example:
    return {"input": drawn(8, 6, 64)}


def frames() -> Example:
    return {"input": drawn(8, 3, 8, 12, 20)}


def drawn(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(2).normal(size=shape).astype(np.float32))


def tokens(length: int) -> Callable[[], Example]:
    def draw() -> Example:
        drawn = np.random.default_rng(2).integers(1, 40, (8, length))
        drawn[0, -3:] = drawn[1, -5:] = 0
        return {"tokens": torch.from_numpy(drawn)}

    return draw


@dataclass(frozen=True)
class Family:
    """A network and how many TRANSPOSE ops its file may hold at most."""

    make: Callable[[], nn.Module]
    transposes: int
    example: Callable[[], Example] = photos


FAMILIES = {
    "shufflenet": Family(image.ShuffleNet, 3),
    "regnet": Family(image.RegNet, 0),
    "ghostnet": Family(image.Ghost, 0),
    "inception": Family(image.Inception, 0),
    "nfnet": Family(image.NormalizerFree, 0),
    "convnext": Family(image.ConvNext, 0),
    "poolformer": Family(image.PoolFormer, 0),
    "lambda_resnet": Family(image.Lambda, 3),
    "mobilevit": Family(image.MobileVit, 5),
    "swin": Family(image.Swin, 4),
    "xcit": Family(image.CrossCovariance, 4),
    "efficientvit": Family(image.LinearAttention, 4),
    "mixer": Family(image.Mixer, 2),
    "unet": Family(sequence.UNet, 0),
    "deeplab": Family(sequence.DeepLab, 0),
    "ssd": Family(sequence.SsdHeads, 0),
    "yolo": Family(sequence.YoloDecode, 1),
    "centernet": Family(sequence.CenterDecode, 2),
    "keypoints": Family(sequence.Keypoints, 0),
    "style": Family(sequence.Style, 1),
    "spatial_transformer": Family(sequence.AlignedGlyphs, 0),
    "crnn_lstm": Family(lambda: sequence.Crnn(nn.LSTM), 0),
    "crnn_gru": Family(lambda: sequence.Crnn(nn.GRU), 0),
    "text_encoder": Family(sequence.TextEncoder, 4, tokens(16)),
    "decoder": Family(sequence.Decoder, 4, tokens(12)),
    "wave": Family(sequence.Wave, 0, waves),
    "clip": Family(sequence.Clip, 1, frames),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_family_converts(name, tmp_path):
    family = FAMILIES[name]
    example = family.example()
    network = measured(family.make, example)
    expected = answers(network, example)
    emission, ops, results = converted(network, example, tmp_path)
    assert ops["TRANSPOSE"] <= family.transposes
    for number, info in enumerate(emission.outputs):
        wanted = [answer[number] for answer in expected]
        scale = max(np.abs(array).max() for array in wanted)
        for result, array in zip(results, wanted, strict=True):
            assert np.abs(info.to_onnx_order(result[info.name]) - array).max() <= CLOSE * scale
        assert np.abs(wanted[0] - wanted[1]).max() > 100 * CLOSE * scale, "it follows the input"


def measured(make: Callable[[], nn.Module], example: Example) -> nn.Module:
    """A network with random weights whose batch statistics are those of the example."""
    torch.manual_seed(0)
    network = make().train()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None
        if isinstance(module, nn.Dropout | nn.MultiheadAttention):
            module.eval()
    with torch.no_grad():
        network(*example.values())
    return network.eval()


def answers(network: nn.Module, example: Example) -> list[list[np.ndarray]]:
    """The outputs for the first two samples."""
    found = []
    for i in range(2):
        with torch.no_grad():
            leaves = network(*(x[i : i + 1] for x in example.values()))
        leaves = leaves.values() if isinstance(leaves, dict) else leaves
        leaves = [leaves] if isinstance(leaves, torch.Tensor) else leaves
        found.append([leaf.numpy() for leaf in leaves])
    return found


def converted(network, example, folder):
    """The emission, the file's operators, and what LiteRT answers to the first two samples."""
    to_onnx(network, {name: x[:1] for name, x in example.items()}, folder / "model.onnx")
    model, _ = apply(load(folder / "model.onnx"), REWRITES.chosen())
    emission = emit(model)
    savedmodel.write(emission, folder / "saved_model")
    file = tflite.convert(folder / "saved_model", emission)
    interpreter = Interpreter(model_content=file.data)
    runner = interpreter.get_signature_runner()
    results = []
    for i in range(2):
        feeds = {k: x[i : i + 1].numpy() for k, x in example.items()}
        results.append(
            runner(**{n.name: n.from_onnx_order(feeds[n.name]) for n in emission.inputs})
        )
    names = [op["op_name"] for op in interpreter._get_ops_details()]
    return emission, Counter(names), results
