"""Lint of activations: each hazard in a small graph, and a near miss without it."""

import numpy as np
import pytest
from lint_subject import Built, findings, normal, subject

MAP = (1, 5, 4, 16)


def shifted(*shape):
    """An ADD of 0, whose result is int8."""
    built = Built(shape)
    made = built.one("ADD", [*built.inputs, built.constant(np.zeros(shape[-1]))], shape)
    return built, made


def then(kind, shape, **options):
    """A graph of an int8 result that another operator reads."""
    built, tensor = shifted(*shape)
    return built.ends(built.one(kind, [tensor], shape, **options))


def test_where_nan_begins():
    built, tensor = shifted(1, 8)
    log = built.one("LOG", [tensor], (1, 8))
    end = built.one("MUL", [log, log], (1, 8))
    (found,) = findings("unbounded-activation", subject(built.ends(end), normal(9, 1, 8)))
    assert found.severity == "error"
    assert found.places[0].operator == "LOG"
    assert found.figures["activations"] == 2
    assert found.figures["values"] == (normal(9, 1, 8) <= 0).sum()


def test_a_logarithm_of_what_is_positive():
    samples = np.abs(normal(9, 1, 8)) + 1
    assert findings("unbounded-activation", subject(then("LOG", (1, 8)), samples)) == []


def test_an_activation_that_is_always_zero():
    looked_at = subject(then("RELU", (1, 8)), -np.abs(normal(9, 1, 8)))
    (found,) = findings("dead-activation", looked_at)
    assert (found.places[0].operator, found.figures) == ("RELU", {"activations": 1})
    assert "always 0" in found.evidence


def test_an_activation_that_is_zero_on_all_but_one_sample():
    samples = -np.abs(normal(9, 1, 8))
    samples[3, 0, 2] = 1
    assert findings("dead-activation", subject(then("RELU", (1, 8)), samples)) == []


# Channels


def with_outlier(size):
    samples = normal(12, *MAP)
    samples[..., 11] *= size
    return samples


def kept_db(samples, channel):
    """What is left of a channel, by rounding the tensor."""
    low, high = samples.min(), samples.max()
    step = (high - low) / 255
    error = np.round(samples / step) * step - samples
    powers = [np.square(each[..., channel]).mean() for each in (samples, error)]
    return 10 * np.log10(powers[0] / powers[1])


def test_an_outlier_channel():
    samples = with_outlier(60)
    (found,) = findings("outlier-channels", subject(then("RELU", MAP), samples))
    assert "channel 11 reaches" in found.evidence
    assert found.figures["outliers"] == 1
    assert found.figures["median_db"] == pytest.approx(kept_db(samples, 3), abs=1)
    assert found.places[0].operator == "ADD"


def test_a_channel_that_is_a_little_larger():
    assert findings("outlier-channels", subject(then("RELU", MAP), with_outlier(6))) == []


def test_channels_that_are_summed_do_not_matter():
    built, tensor = shifted(*MAP)
    made = built.one("MEAN", [tensor, built.integers([3])], (1, 5, 4), keepDims=False)
    assert findings("outlier-channels", subject(built.ends(made), with_outlier(60))) == []


def test_an_outlier_in_what_stays_float():
    built = Built(MAP)
    made = built.one("RELU", built.inputs, MAP)
    looked_at = subject(built.ends(built.one("NEG", [made], MAP)), with_outlier(60))
    assert findings("outlier-channels", looked_at) == []


def test_the_module_is_named():
    graph = then("RELU", MAP)
    (name,) = [graph.name(int(op.outputs[0])) for op in graph.operators if graph.kind(op) == "ADD"]
    looked_at = subject(graph, with_outlier(60), modules={name: "blocks.3.attention"})
    (found,) = findings("outlier-channels", looked_at)
    assert found.places[0].module == "blocks.3.attention"


def test_few_large_values_in_every_channel():
    large = (1, 30, 34, 16)
    samples = normal(12, *large)
    samples[range(9), 0, range(9), range(9), range(9)] = 250
    looked_at = subject(then("RELU", large), samples)
    (found,) = findings("long-tail", looked_at)
    assert findings("outlier-channels", looked_at) == []
    assert found.figures["median_db"] == pytest.approx(kept_db(samples, 3), abs=1)


def test_values_without_a_tail():
    assert findings("long-tail", subject(then("RELU", MAP), normal(12, *MAP))) == []


def test_a_large_mean_is_no_tail():
    samples = normal(12, *MAP) * 0.1 + 20
    assert findings("long-tail", subject(then("RELU", MAP), samples)) == []


# Functions


def softmax(size):
    return findings(
        "coarse-softmax",
        subject(then("SOFTMAX", (1, 8), beta=1.0), np.clip(normal(12, 1, 8), -2, 2) * size),
    )


def test_softmax_of_coarse_logits():
    (found,) = softmax(40)
    assert [place.operator for place in found.places] == ["SOFTMAX", "ADD"]
    assert found.figures["factor"] == pytest.approx(np.exp(found.figures["step"] / 2))


def test_softmax_of_usual_logits():
    assert softmax(5) == []


@pytest.mark.parametrize(("least", "count"), [(0.001, 1), (1.0, 0)])
def test_a_reciprocal_of_coarse_values(least, count):
    samples = np.random.default_rng(0).uniform(least, 10, (12, 1, 8))
    found = findings("coarse-denominator", subject(then("RSQRT", (1, 8)), samples))
    assert len(found) == count
    assert all(each.figures["steps"] < 1 for each in found)


@pytest.mark.parametrize(("size", "count"), [(60.0, 1), (6.0, 0)])
def test_the_negative_part_of_silu(size, count):
    built, tensor = shifted(1, 8)
    gate = built.one("LOGISTIC", [tensor], (1, 8))
    made = built.one("MUL", [gate, tensor], (1, 8))
    end = built.one("ADD", [made, built.constant(1)], (1, 8))
    samples = np.random.default_rng(0).uniform(-5, size, (12, 1, 8))
    assert len(findings("hidden-lobe", subject(built.ends(end), samples))) == count


def test_a_gate_of_something_else_is_no_silu():
    built, tensor = shifted(1, 8)
    gate = built.one("LOGISTIC", [built.one("NEG", [tensor], (1, 8))], (1, 8))
    made = built.one("MUL", [gate, tensor], (1, 8))
    end = built.one("ADD", [made, built.constant(1)], (1, 8))
    samples = np.random.default_rng(0).uniform(-60, 60, (12, 1, 8))
    assert findings("hidden-lobe", subject(built.ends(end), samples)) == []


@pytest.mark.parametrize(("size", "count"), [(300.0, 1), (3.0, 0)])
def test_small_values_joined_with_large_ones(size, count):
    built = Built((1, 8), (1, 8))
    joined = built.one("CONCATENATION", built.inputs, (1, 16), axis=1)
    end = built.one("ADD", [joined, built.constant(1)], (1, 16))
    samples = list(zip(normal(12, 1, 8), size * normal(12, 1, 8, seed=1), strict=True))
    found = findings("mixed-concatenation", subject(built.ends(end), samples))
    assert len(found) == count
    assert all(each.places[1].tensor == "x" for each in found)


def test_a_joined_output_is_told_as_an_output():
    built = Built((1, 2, 40), (1, 3, 40))
    joined = built.one("CONCATENATION", built.inputs, (1, 5, 40), axis=1)
    turned = built.one("TRANSPOSE", [joined, built.integers([0, 2, 1])], (1, 40, 5))
    samples = list(zip(normal(12, 1, 2, 40), 3000 * normal(12, 1, 3, 40, seed=1), strict=True))
    looked_at = subject(built.ends(turned), samples)
    assert findings("mixed-concatenation", looked_at) == []
    assert len(findings("mixed-output", looked_at)) == 1


# Outputs


def head(scores):
    """Boxes up to 640 and scores as one output, [1, 4 + 3, 30]."""
    samples = []
    random = np.random.default_rng(0)
    for _ in range(12):
        boxes = random.uniform(0, 640, (1, 4, 30))
        high = random.random((1, 3, 30)) < 0.1
        samples.append(np.concatenate([boxes, np.where(high, scores, 0.001 * scores)], 1))
    return samples


def joined_output():
    built = Built((1, 7, 30))
    made = built.one("ADD", [*built.inputs, built.constant(0)], (1, 7, 30))
    built.graph.rename(made, "head")
    return built.ends(made)


def test_scores_beside_boxes_in_one_output():
    (found,) = findings("mixed-output", subject(joined_output(), head(0.9)))
    scores, boxes = found.evidence.split(" beside ")
    assert scores == "output head[:, 4:7, :] (0.0009 to 0.9)"
    assert boxes.startswith("head[:, 0:4, :] (0.122 to 640)")
    assert found.figures["ratio_db"] < 10
    assert found.places[0].tensor == "head"


def test_scores_of_the_size_of_boxes():
    assert findings("mixed-output", subject(joined_output(), head(400.0))) == []
