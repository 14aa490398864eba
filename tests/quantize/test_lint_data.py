"""Lint of calibration data, and of how inputs are normalised."""

import numpy as np
import pytest
from lint_subject import Built, findings, normal, subject

from decant.quantize.lint.subject import MOST_SAMPLES

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
PICTURE = (1, 6, 4, 3)


def added(*shapes):
    """The sum of inputs, and a constant of 1."""
    built = Built(*shapes)
    tensor = built.inputs[0]
    for other in (*built.inputs[1:], built.constant(np.ones(shapes[0][-1]))):
        tensor = built.one("ADD", [tensor, other], shapes[0])
    return built.ends(tensor)


# Samples


def test_enough_samples_are_fine():
    looked_at = subject(added((1, 8)), normal(40, 1, 8).clip(-1, 1))
    for code in ("few-samples", "constant-input", "mixed-input", "single-sample"):
        assert findings(code, looked_at) == []


def test_few_samples():
    (found,) = findings("few-samples", subject(added((1, 8)), normal(5, 1, 8)))
    assert found.evidence.startswith("there are 5 samples")
    assert found.figures["given_samples"] == 5


def test_many_samples_of_which_few_differ():
    samples = np.repeat(normal(3, 1, 8), 20, 0)
    (found,) = findings("few-samples", subject(added((1, 8)), samples))
    assert "of 60 samples only 3 differ" in found.evidence


def test_ranges_that_still_grow():
    samples = normal(40, 1, 8).clip(-1, 1)
    samples[1::2] *= 3
    (found,) = findings("few-samples", subject(added((1, 8)), samples))
    assert found.figures["growing_ranges"] == found.figures["ranges"] == 2


def test_more_samples_are_run_evenly_spaced():
    samples = normal(2 * MOST_SAMPLES, 1, 8).clip(-1, 1)
    samples[100] *= 9
    looked_at = subject(added((1, 8)), samples)
    assert len(looked_at.samples) == MOST_SAMPLES
    (found,) = findings("single-sample", looked_at)
    assert found.figures["sample"] == 100


def test_one_sample_that_sets_the_ranges():
    samples = normal(40, 1, 8).clip(-1, 1)
    samples[17] *= 5
    (found,) = findings("single-sample", subject(added((1, 8)), samples))
    assert "sample 17 alone sets the range of 2 of 2 activations" in found.evidence
    assert found.severity == "info"


def test_an_input_that_never_changes():
    samples = [(each, np.full((1, 8), 0.5)) for each in normal(40, 1, 8)]
    (found,) = findings("constant-input", subject(added((1, 8), (1, 8)), samples))
    assert found.evidence == "input x_1 is always 0.5 in all 40 samples"
    assert (found.severity, found.places[0].tensor) == ("warning", "x_1")


def test_an_input_that_is_the_same_array_in_all_samples():
    samples = [(each, np.arange(8.0)[None]) for each in normal(40, 1, 8)]
    (found,) = findings("constant-input", subject(added((1, 8), (1, 8)), samples))
    assert "x_1 is the same array" in found.evidence


def test_an_input_that_changes_once():
    samples = [(each, np.zeros((1, 8))) for each in normal(40, 1, 8)]
    samples[7] = samples[7][0], np.ones((1, 8))
    assert findings("constant-input", subject(added((1, 8), (1, 8)), samples)) == []


def test_features_of_mixed_units():
    samples = normal(40, 1, 8)
    samples[:, :, 2] *= 5000
    (found,) = findings("mixed-input", subject(added((1, 8)), samples))
    assert found.figures["lost_features"] == 7
    assert "feature 2" in found.evidence


# Normalisation


def model(*steps, weights=None):
    """A CONV_2D behind operators of a constant."""
    built = Built(PICTURE)
    tensor = built.inputs[0]
    for kind, value in steps:
        tensor = built.one(kind, [tensor, built.constant(value)], PICTURE)
    kernel = normal(8, 3, 3, 3) * 0.2 if weights is None else weights
    inputs = [tensor, built.constant(kernel), built.constant(np.zeros(8))]
    steps = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    return built.ends(built.one("CONV_2D", inputs, (1, 6, 4, 8), **steps))


def pixels(count=40):
    """Pictures of 0…1, some of whose pixels are black and some white."""
    pictures = np.random.default_rng(1).uniform(size=(count, *PICTURE)).astype(np.float32)
    pictures[:, :, 0, 0], pictures[:, :, 1, 0] = 0, 1
    return pictures


def normalised(pictures):
    return (pictures - MEAN) / STD


STANDARDISES = (("SUB", MEAN), ("MUL", 1 / STD))
STEP_BY_STEP = (("MUL", 1 / 255), ("SUB", 0.5), ("DIV", 0.25))


@pytest.mark.parametrize(
    ("steps", "samples"),
    [
        (STANDARDISES, normalised(pixels())),
        ((("MUL", 1 / STD), ("ADD", -MEAN / STD)), normalised(pixels())),
        ((("SUB", 0.5), ("DIV", 0.5)), pixels() * 2 - 1),
        ((("DIV", 255),), pixels()),
        (STEP_BY_STEP, pixels()),
        (STEP_BY_STEP, normalised(pixels())),
        ((), normalised(normalised(pixels()))),
        ((), normalised(pixels() / 255)),
    ],
    ids=["both", "affine", "halves", "divided", "steps", "normalised", "twice", "tiny"],
)
def test_normalised_twice(steps, samples):
    (found,) = findings("normalized-twice", subject(model(*steps), samples))
    assert found.severity == "warning"
    assert found.places[0].tensor == "x"
    assert len(found.places) == 1 + len(steps)


@pytest.mark.parametrize(
    ("steps", "samples"),
    [
        (STANDARDISES, pixels()),
        ((), normalised(pixels())),
        ((), pixels()),
        ((), pixels() * 2 - 1),
        ((), pixels() * 255 - 120),
        ((("DIV", 255),), pixels() * 255),
        (STEP_BY_STEP, pixels() * 255),
        ((("MUL", 2.0),), normalised(pixels())),
    ],
    ids=["model", "data", "unit", "halves", "centred", "divided", "steps", "factor"],
)
def test_normalised_once(steps, samples):
    assert findings("normalized-twice", subject(model(*steps), samples)) == []


def test_a_constant_that_is_repeated_along_a_row():
    built = Built(PICTURE)
    rows = (1, 6, 12)
    flat = built.one("RESHAPE", [*built.inputs, built.integers(rows)], rows, newShape=list(rows))
    shifted = built.one("SUB", [flat, built.constant(np.tile(MEAN, 4))], rows)
    scaled = built.one("MUL", [shifted, built.constant(np.tile(1 / STD, 4))], rows)
    looked_at = subject(built.ends(scaled), normalised(pixels()))
    assert len(findings("normalized-twice", looked_at)) == 1


RAW = normal(8, 3, 3, 3)


@pytest.mark.parametrize(
    ("weights", "steps", "found"),
    [(RAW, (), True), (RAW / 255, (), False), (RAW, (("DIV", 255),), False)],
    ids=["unscaled", "folded", "scaled"],
)
def test_raw_pixels(weights, steps, found):
    looked_at = subject(model(*steps, weights=weights), pixels() * 255)
    assert bool(findings("unscaled-input", looked_at)) == found


def test_pixels_that_are_normalised_are_not_raw():
    looked_at = subject(model(weights=100 * RAW), normalised(pixels()))
    assert findings("unscaled-input", looked_at) == []
