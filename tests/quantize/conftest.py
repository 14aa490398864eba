import mobile_network
import pytest

from decant.quantize import quantize


@pytest.fixture(scope="session")
def float_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("float") / "model_fp32.tflite"
    path.write_bytes(mobile_network.float_file())
    return path


@pytest.fixture(scope="session")
def calibration():
    return {"image": mobile_network.pictures(12)}


@pytest.fixture(scope="session")
def report(float_path, calibration, tmp_path_factory):
    return quantize(
        float_path,
        tmp_path_factory.mktemp("candidates"),
        calibration=calibration,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
    )
