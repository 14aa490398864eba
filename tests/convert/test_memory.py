"""A conversion takes less than four times the weights, beside what TensorFlow itself takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

ROWS, COLUMNS = 170_000, 128
BYTES = 4 * ROWS * COLUMNS
SLACK = 40e6
"""For everything else that a small network takes, measured as 15 MB."""

MEASURE = """
import sys
from pathlib import Path

from decant.convert.build import Request, build, make_ready
from decant.convert.verify.samples import samples_for
from decant.graph.load import load

def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024

model, folder = Path(sys.argv[1]), Path(sys.argv[2])
make_ready()
samples = samples_for(load(model).graph.inputs, None)
before = resident("VmRSS")
build(Request(model, folder), samples)
print(resident("VmHWM") - before)
"""


def table(folder):
    """A network that looks up rows of 87 MB beside the file."""
    proto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 20]> g (int64[1,5] i) => (float[1,5,3] y)'
        " { x = Gather(table, i)  y = MatMul(x, w) }"
    )
    rng = np.random.default_rng(0)
    for name, shape in {"table": (ROWS, COLUMNS), "w": (COLUMNS, 3)}.items():
        array = rng.standard_normal(shape, np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    path = folder / "net.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="net.data")
    return path


def test_building_takes_less_than_four_times_the_weights(tmp_path):
    arguments = [table(tmp_path), tmp_path / "saved_model"]
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert Path(tmp_path, "model_fp32.tflite").stat().st_size > BYTES
    assert int(ended.stdout) < 4 * BYTES + SLACK
