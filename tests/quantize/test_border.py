"""What goes in and out of a float file is read from where it is said, unless it is given."""

import json

import mobile_network
import numpy as np
import pytest

from decant.errors import DataError
from decant.quantize import FLOAT16, STATIC_INT8, quantize

PICTURES = {"image": mobile_network.pictures(4)}


def described(**changes):
    """What `convert.json` says of the network, as far as it is read."""
    border = {"inputs": mobile_network.INPUTS_INFO, "outputs": mobile_network.OUTPUTS_INFO}
    document = {role: [each.model_dump() for each in infos] for role, infos in border.items()}
    return {"tflite": "net.tflite", **document, **changes}


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(mobile_network.float_file())
    return path


def test_report_of_the_conversion_tells_the_axis_order(network, tmp_path):
    (tmp_path / "convert.json").write_text(json.dumps(described()))
    report = quantize(str(network), str(tmp_path / "out"), calibration=PICTURES)
    assert report.candidates[0].inputs[0].layout == mobile_network.INPUTS_INFO[0].layout == "nhwc"
    given = quantize(
        network,
        tmp_path / "given",
        calibration=PICTURES,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
    )
    assert report == given.model_copy(update={"folder": tmp_path / "out"})


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        json.dumps(described(tflite="other.tflite")),
        json.dumps(described(inputs=[])),
    ],
    ids=["none", "damaged", "list", "other", "stale"],
)
def test_file_alone_is_taken_as_it_is(network, tmp_path, text):
    if text is not None:
        (tmp_path / "convert.json").write_text(text)
    with pytest.raises(DataError, match=r"the data for input 'image' has shape \[4, 3, "):
        quantize(network, tmp_path / "out", calibration=PICTURES, recipes=[STATIC_INT8])
    as_stored = {"image": np.moveaxis(PICTURES["image"], 1, -1)}
    report = quantize(network, tmp_path / "out", calibration=as_stored, recipes=[FLOAT16])
    assert report.candidates[0].inputs[0].layout == "keep"


def test_without_calibration_static_int8_is_left_out_and_told(network, tmp_path):
    (tmp_path / "convert.json").write_text(json.dumps(described()))
    report = quantize(network, tmp_path / "out")
    assert [candidate.name for candidate in report.candidates] == ["dynamic_int8", "float16"]
    assert report.failures == {}
    height, width = mobile_network.HEIGHT, mobile_network.WIDTH
    assert [note for note in report.notes if "is not made" in note] == [
        "static_int8 is not made: its ranges need real samples, a hundred or so:"
        " `--calibration X.npz`, made with `numpy.savez('X.npz', image=…)` (image: float32"
        f" [samples, 3, {height}, {width}], in ONNX axis order), or `calibration=` in Python"
    ]


def test_samples_as_the_note_asks_for_them_make_static_int8(network, tmp_path):
    (tmp_path / "convert.json").write_text(json.dumps(described()))
    samples = {"image": PICTURES["image"][:, None]}
    report = quantize(network, tmp_path / "out", calibration=samples)
    assert report.candidates[0].name == "static_int8"
