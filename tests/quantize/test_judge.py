"""What counts as lost: parts of an output are judged by what they vary by, each kind by itself."""

import re

import numpy as np
import pytest

from decant.fidelity import broken, weakest
from decant.quantize.judge import Judge

SAMPLES, CELLS = 12, 90


def rng(seed=0):
    return np.random.default_rng(seed)


def rounded(values):
    """Round an output as int8 of one scale does; returns it with its step."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    step = (high - low) / 255 or 1.0
    return (np.round(values / step) * step).astype(np.float32), float(step)


def judged(values, found=None, step=0.0):
    """Judge samples [samples, …] of an output "y"; of its int8 form if nothing else was found."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
    if found is None:
        found, step = rounded(values)
    runs = [[{"y": sample} for sample in each] for each in (values, np.asarray(found))]
    return Judge(runs[0]).parts(runs[1], {"y": step} if step else {})


def lost(parts):
    return [part.where for part in broken(parts)]


def boxes(*shape):
    return rng().uniform(0, 640, shape)


def scores(*shape, top=1.0):
    """Scores of which one in twenty is high, as on a grid of cells."""
    random = rng(1)
    high = random.random(shape) < 0.05
    return np.where(high, random.uniform(0.3, top, shape), random.uniform(0, 0.002, shape))


def head(scores_):
    """Boxes and scores as a YOLO head joins them, [samples, 1, 4 + classes, cells]."""
    return np.concatenate([boxes(SAMPLES, 1, 4, CELLS), scores_], axis=2)


YOLO = head(scores(SAMPLES, 1, 3, CELLS))
POSE = np.concatenate(
    [head(scores(SAMPLES, 1, 1, CELLS))]
    + [np.concatenate([boxes(SAMPLES, 1, 2, CELLS), scores(SAMPLES, 1, 1, CELLS)], 2)] * 2,
    axis=2,
)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        (YOLO, "[:, 4:7, :]"),
        (YOLO.swapaxes(2, 3), "[:, :, 4:7]"),
        (YOLO[:, 0], "[4:7, :]"),
        (YOLO.reshape(SAMPLES, 1, 7, 9, 10), "[:, 4:7, :, :]"),
        (YOLO.reshape(SAMPLES, 1, 7, 9, 10).transpose(0, 1, 3, 4, 2), "[:, :, :, 4:7]"),
        (YOLO.reshape(SAMPLES, 1, 1, 7, 9, 10), "[:, :, 4:7, :, :]"),
        (POSE, "[:, 4:11:3, :]"),
        (head(scores(SAMPLES, 1, 1, CELLS)), "[:, 4, :]"),
        (
            YOLO.swapaxes(2, 3).reshape(SAMPLES, 1, -1),
            "[:, [4:7, 11:14, 18:21, 25:28, …]]",
        ),
    ],
    ids=["rows", "columns", "no-batch", "nchw", "nhwc", "five-axes", "pose", "one-class", "flat"],
)
def test_scores_beside_pixels_are_found_lost(values, where):
    parts = judged(values)
    assert [re.sub("…[^]]*", "…", each) for each in lost(parts)] == [where]
    part = weakest(parts)["y"]
    assert part.snr_db < 1
    assert part.values <= 2 < 500 < part.float_values
    others = [each for each in parts if each.meaning != "broken"]
    assert others
    assert min(each.snr_db for each in others) > 40


def test_scores_are_lost_even_where_none_came_up():
    """Nothing is known of them but that a step is 2.5, and they are 0…1."""
    assert lost(judged(head(scores(SAMPLES, 1, 3, CELLS) * 0.01))) == ["[:, 4:7, :]"]


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(-1, keepdims=True)


RARE = np.array([0, 0, 0, -4, -8, -12, 0, 0, -20, -30])
NORMAL = rng(2).normal


def features(channels=40, reach=2.0):
    """Activations after a ReLU, with channels of many sizes."""
    sizes = np.exp(rng(3).normal(size=channels) * 0.7) * reach
    return np.maximum(NORMAL(size=(SAMPLES, 1, channels, 6, 7)) * sizes[:, None, None], 0)


def with_quiet_channels(values, size):
    values[:, :, :3] *= size
    return values


def heat_maps():
    """One peak each, never near a border, on a flat ground: most rows hold next to nothing."""
    y, x = np.mgrid[:24, :32]
    random = rng(8)
    top, left = random.uniform(8, 16, (2, SAMPLES, 1, 5, 1, 1))
    peaks = np.exp(-((y - top) ** 2 + (x - left * 1.3) ** 2) / 8)
    return peaks + random.normal(size=peaks.shape) * 2e-3


@pytest.mark.parametrize(
    "values",
    [
        softmax(NORMAL(size=(40, 1, 10)) * 4 + RARE),
        softmax(NORMAL(size=(40, 1, 300)) * 5),
        1 / (1 + np.exp(-(NORMAL(size=(40, 1, 10)) * 4 + RARE))),
        1 / (1 + np.exp(-(NORMAL(size=(40, 1, 1)) - 6))),
        1 / (1 + np.exp(-NORMAL(size=(SAMPLES, 1, 5, CELLS)) * 3)),
        NORMAL(size=(40, 1, 10)) * 3,
        NORMAL(size=(40, 1, 1)) * 20 + 30,
        NORMAL(size=(40,)),
        NORMAL(size=(SAMPLES, 1, 512)),
        NORMAL(size=(1, 1, 10)),
        features(),
        with_quiet_channels(features(), 1e-3),
        with_quiet_channels(features(reach=50), 1e-2),
        np.concatenate(
            [NORMAL(size=(40, 1, 3)), np.zeros((40, 1, 2)), np.full((40, 1, 1), 5.0)], 2
        ),
        np.concatenate([NORMAL(size=(40, 1, 3)), 5 + NORMAL(size=(40, 1, 1)) * 1e-7], 2),
        np.zeros((SAMPLES, 1, 4)),
        np.full((SAMPLES, 1, 4), 7.0),
        heat_maps(),
        (rng(4).random((SAMPLES, 1, 1, 20, 30)) < 0.3) * 0.998 + NORMAL(size=(20, 30)) * 1e-4,
    ],
    ids=[
        "softmax-with-rare-classes",
        "softmax-of-many",
        "labels-that-are-rare",
        "a-probability-that-is-never-high",
        "boxes-of-0-to-1-beside-scores",
        "logits",
        "scalar",
        "rank-0",
        "embedding",
        "one-sample",
        "feature-map",
        "dead-channels",
        "dead-channels-of-large-features",
        "constant-channels",
        "channel-of-rounding-noise",
        "zeros",
        "constant",
        "heat-maps",
        "mask",
    ],
)
def test_what_int8_keeps_is_not_condemned(values):
    assert lost(judged(values)) == []


BRIDGED = np.array([1, 1, 900, 200, 40, 8, *[1] * 34])
LOUD = NORMAL(size=(SAMPLES, 1, 40, 6)) * np.where(np.arange(40) == 7, 900, 1)[:, None]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        (1000 + NORMAL(size=(40, 1, 1)), ""),
        (1000 + NORMAL(size=(40, 1, 4)), ""),
        (NORMAL(size=(40, 1, 4)) * [1000, 150, 20, 0.5], "[:, 3]"),
        (NORMAL(size=(40, 1, 5)) * [1, 400, 1, 400, 400], "[:, 0:3:2]"),
        (LOUD, "[:, [0:7, 8:40], :]"),
        (NORMAL(size=(SAMPLES, 1, 40, 6)) * BRIDGED[:, None], ""),
    ],
    ids=[
        "offset",
        "offset-of-all",
        "sizes",
        "two-of-five",
        "one-loud-channel",
        "few-loud-channels",
    ],
)
def test_what_a_shared_scale_drowns_is_lost(values, where):
    assert lost(judged(values)) == [where]


def test_the_loud_channel_itself_is_kept():
    assert [part.where for part in judged(LOUD) if part.meaning == "good"] == ["[:, 7, :]"]


def test_noise_on_what_is_always_zero_counts():
    values = np.concatenate([NORMAL(size=(40, 1, 3)), np.zeros((40, 1, 3))], 2)
    found = values + np.where(np.arange(6) < 3, 0, NORMAL(size=(40, 1, 6)))
    assert lost(judged(values, found)) == [""]


def test_samples_of_different_sizes_are_judged_together():
    """Along the axis that differs nothing can be cut, along the others as ever."""
    runs = [YOLO[at][:, :, :cells] for at, cells in enumerate((50, 70, 90))]
    found = [rounded(run)[0] for run in runs]
    parts = Judge([{"y": run} for run in runs]).parts([{"y": run} for run in found], {})
    assert lost(parts) == ["[:, 4:7, :]"]


def test_two_values_tell_less_than_their_ratio():
    """A step of 0.85 leaves of scores only whether they are high: their order is gone."""
    values = np.where(rng().random((SAMPLES, 400)) < 0.3, rng(1).uniform(0.7, 1, (SAMPLES, 400)), 0)
    two = np.where(values > 0.5, 0.85, 0)
    part = weakest(judged(values, two))["y"]
    assert 10 < part.snr_db < 20
    assert (part.values, part.meaning) == (2, "broken")
    noisy = values + NORMAL(size=values.shape) * np.sqrt(np.square(values - two).mean())
    part = weakest(judged(values, noisy))["y"]
    assert 10 < part.snr_db < 20
    assert part.meaning == "doubtful"


LABELS = rng(5).choice(6, (SAMPLES, 1, 20, 30), p=[0.9, *[0.02] * 5])
PIXELS = rng(6).integers(0, 256, (SAMPLES, 1, 20, 30, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("values", "found", "meaning"),
    [
        (LABELS, LABELS, "good"),
        (LABELS, np.zeros_like(LABELS), "broken"),
        (LABELS, np.where(rng(7).random(LABELS.shape) < 0.0005, 0, LABELS), "good"),
        (LABELS, np.where(rng(7).random(LABELS.shape) < 0.5, 0, LABELS), "broken"),
        (LABELS > 0, LABELS > 0, "good"),
        (LABELS > 0, LABELS > 2, "broken"),
        (PIXELS, np.clip(PIXELS.astype(int) + 1, 0, 255).astype(np.uint8), "good"),
        (np.zeros_like(LABELS), np.zeros_like(LABELS), "good"),
    ],
    ids=[
        "same",
        "background-alone",
        "few-differ",
        "half-differ",
        "bool",
        "bool-differs",
        "quantities",
        "constant",
    ],
)
def test_integers_are_labels_or_quantities(values, found, meaning):
    (part,) = judged(values, found)
    assert part.meaning == meaning


@pytest.mark.parametrize(
    ("values", "found", "expected"),
    [
        ([[3], [4]], [[3], [4.1]], 20.0),  # variance 0.5, mean square error 0.005
        ([[103], [104]], [[103], [104.1]], 20.0),  # the mean is no signal
        ([[3], [5]], [[3], [5]], 200.0),
        ([[0], [0]], [[0], [1]], -200.0),
        ([[7], [7]], [[7], [7.7]], 23.01),  # no variation: 49 over 0.245
    ],
    ids=["two-samples", "offset", "equal", "no-signal", "constant"],
)
def test_ratio_is_that_of_the_definition(values, found, expected):
    (part,) = judged(np.array(values, np.float32), np.array(found, np.float32))
    assert part.snr_db == pytest.approx(expected, abs=0.02)


def test_axes_are_those_of_onnx_and_every_output_is_judged():
    reference = [{"a": YOLO[at], "b": NORMAL(size=(1, 4))} for at in range(SAMPLES)]
    found = [{name: rounded(value)[0] for name, value in out.items()} for out in reference]
    parts = Judge(reference).parts(found, {})
    assert {part.output for part in parts} == {"a", "b"}
    assert [part.output for part in broken(parts)] == ["a"]


@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=["real", "integers"])
@pytest.mark.parametrize("rows", [(0, 0, 0), (0, 3, 5)], ids=["all", "one"])
def test_samples_without_values_are_exact(dtype, rows):
    runs = [{"y": np.arange(4 * count).reshape(count, 4).astype(dtype)} for count in rows]
    (part,) = Judge(runs).parts(runs, {})
    assert (part.snr_db, part.meaning) == (200, "good")


@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=["real", "integers"])
@pytest.mark.parametrize(
    ("rows", "found"),
    [((3, 5), (3, 4)), ((3, 5), (3, 0)), ((0, 0), (0, 1)), ((3, 0), (3, 1))],
    ids=["fewer", "none", "one-for-none-at-all", "one-for-none"],
)
def test_output_of_another_size_is_broken(dtype, rows, found):
    """A model that selects rows may select others in int8: then there is nothing to compare."""
    both = [
        [{"y": np.arange(4 * count).reshape(count, 4).astype(dtype)} for count in counts]
        for counts in (rows, found)
    ]
    (part,) = Judge(both[0]).parts(both[1], {})
    assert (part.snr_db, part.meaning) == (-200, "broken")
    assert str(part) == "y: of another size than the float file's, broken"
    assert part.fault == (
        "y is of another size than the float file's, so that no value can be compared"
    )
