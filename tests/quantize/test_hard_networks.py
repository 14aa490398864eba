"""The networks that int8 is tried on are as good in float, and as hard for int8, as they claim."""

import hard_classifier
import numpy as np
import pytest
import shapes_detector
import torch
from torch import nn


@pytest.fixture(scope="module")
def detected():
    """Give the detector's output on 150 pictures, and their objects."""
    pictures, objects = shapes_detector.pictures(150, seed=1)
    with torch.no_grad():
        return shapes_detector.trained()(torch.from_numpy(pictures)).numpy(), objects


def average_precision(output, objects):
    return shapes_detector.metric({"output": output}, {"objects": objects})


def rounded(values, low, high):
    """Round to the 256 steps that one int8 tensor has for low…high and zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / 255
    zero = round(-128 - low / step)
    return ((values / step).round() + zero).clip(-128, 127) * step - zero * step


def test_detector_finds_its_shapes(detected):
    output, objects = detected
    assert output.shape == (150, 4 + len(shapes_detector.LABELS), 240)
    assert average_precision(output, objects) > 0.78


def test_one_scale_for_boxes_and_scores_destroys_the_detector_and_two_do_not(detected):
    output, objects = detected
    real = average_precision(output, objects)
    joined = rounded(output, output.min(), output.max())
    assert average_precision(joined, objects) < real - 0.05
    parts = (output[:, :4], output[:, 4:])
    split = [rounded(part, part.min(), part.max()) for part in parts]
    assert average_precision(np.concatenate(split, 1), objects) > real - 0.02


def logits(network, pictures):
    with torch.no_grad():
        return network(torch.from_numpy(pictures)).numpy()


def top1(output, labels):
    return hard_classifier.metric({"output": output}, {"labels": labels})


def round_activations(network, pictures):
    """Let the network round what its layers give, each to the range it has on some pictures."""
    ranges = {}
    kinds = (nn.BatchNorm2d, nn.PReLU, nn.SiLU, nn.Linear, hard_classifier.Inverted)
    layers = [module for module in network.modules() if isinstance(module, kinds)]

    def see(layer, _, output):
        ranges[layer] = (float(output.min()), float(output.max()))

    watching = [layer.register_forward_hook(see) for layer in layers]
    logits(network, pictures)
    for watch in watching:
        watch.remove()
    for layer in layers:
        layer.register_forward_hook(lambda layer, _, output: rounded(output, *ranges[layer]))


def test_unequal_channels_change_nothing_in_float():
    pictures, labels = hard_classifier.digits(200, seed=1, test=True)
    equal, unequal = (
        logits(hard_classifier.trained(reach), pictures) for reach in (0.0, hard_classifier.REACH)
    )
    # Float32 sums of numbers of other sizes: some 1e-6 of the largest.
    np.testing.assert_allclose(unequal, equal, atol=1e-4 * np.abs(equal).max())
    assert top1(unequal, labels) > 0.96


def test_unequal_channels_lose_points_to_one_scale_per_tensor_and_equal_ones_none():
    seen, _ = hard_classifier.digits(64, seed=11)
    pictures, labels = hard_classifier.digits(400, seed=1, test=True)
    drops = {}
    for reach in (0.0, hard_classifier.REACH):
        network = hard_classifier.trained(reach)
        real = top1(logits(network, pictures), labels)
        round_activations(network, seen)
        drops[reach] = real - top1(logits(network, pictures), labels)
    assert drops[0.0] < 0.01
    assert drops[hard_classifier.REACH] > 0.04
