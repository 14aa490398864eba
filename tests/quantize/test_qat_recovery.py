"""What int8 takes from a trained classifier, training under the float file gives back."""

from dataclasses import replace

import hard_classifier
import numpy as np

from decant.convert import to_tflite
from decant.quantize import STATIC_INT8, quantize
from decant.quantize.qat import SETTINGS, train

# A tenth of the default, for the time. Of the drop on the test set, 20 steps give back 0.77, 300
# give back 0.95.
SHORT = replace(SETTINGS, steps=60, warmup_steps=6, average_decay=0.9)
PLAIN = STATIC_INT8.model_copy(update={"calibrator": "minmax"})


def top1(path):
    from ai_edge_litert.interpreter import Interpreter

    pictures, labels = hard_classifier.digits(898, seed=1, test=True)
    runner = Interpreter(str(path), num_threads=1).get_signature_runner()
    (name,) = runner.get_input_details()
    found = [
        next(iter(runner(**{name: picture[None].transpose(0, 2, 3, 1)}).values()))
        for picture in pictures
    ]
    return hard_classifier.metric({"logits": np.concatenate(found)}, {"labels": labels})


def test_most_of_the_accuracy_that_int8_takes_comes_back(tmp_path):
    """The network has PReLU, SiLU, and channels of one tensor whose sizes differ 64-fold."""
    calibration, _ = hard_classifier.digits(128, seed=11)
    inputs = {"picture": calibration}
    to_tflite(hard_classifier.trained(), tmp_path / "float", inputs={"picture": calibration[:8]})
    file = tmp_path / "float/model_fp32.tflite"
    quantize(file, tmp_path / "plain", calibration=inputs, recipes=[PLAIN])
    report = train(file, PLAIN, inputs, tmp_path / "trained", settings=SHORT)
    real, plain, trained = (
        top1(each)
        for each in (file, tmp_path / "plain/model_int8.tflite", report.folder / report.file)
    )
    assert real - plain > 0.04
    assert trained - plain > 0.6 * (real - plain)
    assert report.largest_gap <= 1.001
