"""Training of an integer file under the float file, from calibration inputs alone."""

from dataclasses import replace

import hard_network
import numpy as np
import pytest
import torch

from decant.artifacts import read_json
from decant.errors import DataError, SpecError
from decant.files import QAT, RECIPE
from decant.quantize import FLOAT16, load_recipes, quantize
from decant.quantize.qat import SETTINGS, train
from decant.quantize.qat.run import told_of_memory
from decant.quantize.qat.teaching import weighing_of

SHORT = replace(
    SETTINGS,
    steps=40,
    batch_size=4,
    learning_rate=2e-3,
    warmup_steps=4,
    average_decay=0.8,
    log_every=10,
)
CALIBRATION = {"x": hard_network.digits()[0][:24]}


@pytest.fixture(scope="module")
def float_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hard") / "net.tflite"
    path.write_bytes(hard_network.unequal(hard_network.untrained(8), 2).to_bytes())
    return path


def learn(float_file, out, **others):
    return train(float_file, hard_network.PURE, CALIBRATION, out, settings=SHORT, **others)


@pytest.fixture(scope="module")
def report(float_file, tmp_path_factory):
    return learn(float_file, tmp_path_factory.mktemp("qat"))


def test_integer_file_comes_nearer_to_the_float_file(report):
    assert report.kept
    assert report.snr_after_db > report.snr_before_db + 1
    assert report.largest_gap <= 1.001
    assert (report.steps, report.samples, report.held_out) == (40, 18, 6)
    assert read_json(report.folder / QAT)["snr_after_db"] == report.snr_after_db


def test_recipe_makes_the_integer_file_again(report, tmp_path):
    quantize(
        report.folder / report.float_file,
        tmp_path,
        calibration=CALIBRATION,
        recipes=load_recipes(report.folder / RECIPE),
    )
    expected = (report.folder / report.file).read_bytes()
    assert (tmp_path / report.file).read_bytes() == expected


def test_interrupted_training_goes_on_to_the_same_file(float_file, report, tmp_path):
    def interrupt(progress):
        if progress.step == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(float_file, tmp_path, report=interrupt)
    steps = []
    again = learn(float_file, tmp_path, report=lambda progress: steps.append(progress.step))
    assert steps == [40]
    assert (tmp_path / again.file).read_bytes() == (report.folder / report.file).read_bytes()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {path.name for path in report.folder.iterdir()}


def test_state_of_another_training_is_not_gone_on_from(float_file, tmp_path):
    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(float_file, tmp_path, report=interrupt)
    steps = []
    others = {"x": CALIBRATION["x"][::-1]}
    train(
        float_file,
        hard_network.PURE,
        others,
        tmp_path,
        settings=SHORT,
        report=lambda progress: steps.append(progress.step),
    )
    assert steps[0] == 10


def test_too_little_time_is_told(float_file, tmp_path):
    with pytest.raises(DataError, match=r"minutes are enough for 0 steps of training of .* s each"):
        learn(float_file, tmp_path, minutes=1e-9)


def test_recipe_without_integers_is_refused(float_file, tmp_path):
    with pytest.raises(SpecError, match="'float16' makes no tensor of the model an integer one"):
        train(float_file, FLOAT16, CALIBRATION, tmp_path)


def test_memory_that_is_not_enough_is_told():
    advice = r"the memory is not enough to train on 4 samples at once; give a smaller batch_size"
    with pytest.raises(DataError, match=advice), told_of_memory(SHORT):
        torch.empty(2**55)


def test_data_that_never_varies_is_refused(float_file, tmp_path):
    with pytest.raises(DataError, match="no output of the float file varies"):
        train(float_file, hard_network.PURE, {"x": np.zeros((8, 8, 8, 1), np.float32)}, tmp_path)


def test_every_part_of_an_output_has_the_same_say():
    """Boxes of a hundred pixels beside scores: noise counts in units of each one's own signal."""
    random = np.random.default_rng(0)
    size = np.array([100.0, 100, 100, 100, 1, 1])
    arrays = [(random.normal(size=(1, 40, 6)) * size).astype(np.float32) for _ in range(8)]
    weighing = weighing_of(arrays)
    truth = torch.from_numpy(arrays[0])
    # A tenth of each size everywhere: of 80 random values the mean square is good to a third only.
    signs = random.choice([-1.0, 1.0], size=(1, 40, 6))
    noise = 0.1 * torch.from_numpy(signs * size).float()
    boxes, scores = (noise * torch.tensor([part] * 4 + [1 - part] * 2) for part in (1.0, 0.0))
    in_boxes, in_scores = (float(weighing.loss(truth + each, truth)) for each in (boxes, scores))
    assert in_boxes == pytest.approx(0.1**2 / 2, rel=0.1)
    assert in_scores == pytest.approx(0.1**2 / 2, rel=0.1)
