"""Lint of weights: what is broken, dead or lost in rounding, told from what is not."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from lint_subject import Built, findings, normal, subject

from decant.quantize import STATIC_INT8

CHANNELS, FEATURES = 12, 5000
SAMPLES = normal(40, 1, FEATURES)


def connected(weights, bias=None):
    """A FULLY_CONNECTED from FEATURES to CHANNELS."""
    built = Built((1, weights.shape[1]))
    inputs = [*built.inputs, built.constant(weights, "weights")]
    inputs.append(built.constant(np.zeros(len(weights)) if bias is None else bias, "bias"))
    made = built.one("FULLY_CONNECTED", inputs, (1, len(weights)))
    built.graph.rename(made, "y")
    return built.ends(made)


def usual():
    return normal(CHANNELS, FEATURES, seed=1)


def test_usual_weights_are_fine():
    looked_at = subject(connected(usual()), SAMPLES)
    for code in ("broken-weights", "collapsing-weights", "dead-channels", "bias-overflow"):
        assert findings(code, looked_at) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_no_number(value):
    weights = usual()
    weights[3, 7] = value
    (found,) = findings("broken-weights", subject(connected(weights)))
    assert found.severity == "error"
    assert found.figures == {"weights": 1}
    assert (found.places[0].operator, found.places[0].tensor) == ("FULLY_CONNECTED", "y")


def test_a_bias_that_is_no_number():
    bias = np.zeros(CHANNELS)
    bias[2] = np.nan
    (found,) = findings("broken-weights", subject(connected(usual(), bias)))
    assert found.figures == {"weights": 1}


def test_a_weight_that_sticks_out_of_its_channel():
    weights = usual()
    weights[5, 100] = 300
    (found,) = findings("collapsing-weights", subject(connected(weights)))
    assert "1 of 12 output channels" in found.evidence
    assert "channel 5" in found.evidence
    assert found.figures["worst_db"] == pytest.approx(signal_to_noise(weights[5]), abs=0.5)
    assert found.figures["worst_db"] < 20


def signal_to_noise(row):
    """What rounding leaves of a row of weights, by doing it."""
    step = np.abs(row).max() / 127
    error = np.round(row / step) * step - row
    return 10 * np.log10(np.square(row).mean() / np.square(error).mean())


def test_a_large_weight_does_not_hurt_other_channels():
    weights = usual()
    weights[5] *= 60
    assert findings("collapsing-weights", subject(connected(weights))) == []


def test_it_does_where_the_tensor_has_one_scale():
    weights = usual()
    weights[5] *= 60
    recipe = STATIC_INT8.model_copy(update={"granularity": "tensor"})
    (found,) = findings("collapsing-weights", subject(connected(weights), recipe=recipe))
    assert found.figures["lost_channels"] == CHANNELS - 1
    assert "granularity = channel" in found.cure


def test_depthwise_channels_lie_on_the_last_axis():
    def depthwise(weights):
        built = Built((1, 5, 4, 6))
        inputs = [*built.inputs, built.constant(weights), built.constant(np.zeros(6))]
        options = {"padding": schema.Padding.SAME, "depthMultiplier": 1}
        strides = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
        return built.ends(
            built.one("DEPTHWISE_CONV_2D", inputs, (1, 5, 4, 6), **options, **strides)
        )

    weights = normal(1, 3, 3, 6)
    weights[..., 2] = 1e-12
    (found,) = findings("dead-channels", subject(depthwise(weights)))
    assert found.figures == {"dead_channels": 1, "layers": 1}
    weights[..., 2] = 1e-3
    assert findings("dead-channels", subject(depthwise(weights))) == []


def with_faint_channel(size):
    """Weights of which channel 4 is faint, with a bias of 3 there."""
    weights, bias = usual(), np.zeros(CHANNELS)
    weights[4] *= size
    bias[4] = 3
    return connected(weights, bias)


@pytest.mark.parametrize("size", [0, 1e-11])
def test_a_bias_that_int32_does_not_hold(size):
    (found,) = findings("bias-overflow", subject(with_faint_channel(size), SAMPLES))
    assert "channel 4" in found.evidence
    assert found.figures["channels"] == 1
    assert found.figures["steps"] > 2**31


def test_a_bias_that_it_holds():
    assert findings("bias-overflow", subject(with_faint_channel(1e-4), SAMPLES)) == []
