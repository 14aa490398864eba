"""TensorFlow starts without Keras, which an operators file still gets, and in the child alone."""

import subprocess
import sys

PROGRAM = """
import sys

from decant.convert.tensorflow_start import import_without_keras

import_without_keras()
assert "tensorflow" in sys.modules
print(*(name for name in sys.modules if name.startswith("keras.")))
import_without_keras()
import tensorflow as tf

print(tf.keras.activations.relu(tf.constant([-1.0, 2.0])).numpy().tolist())
"""


def test_keras_is_loaded_only_on_demand():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert ended.stdout.splitlines() == ["", "[0.0, 2.0]"], ended.stderr


REFUSED = """
import sys

import onnx

from decant.convert import to_tflite
from decant.errors import UnsupportedOp

odd = onnx.parser.parse_model('''
<ir_version: 8, opset_import: ["" : 17, "my.domain" : 1]>
g (float[1,3,5,7] x) => (float[1,3,5,7] y) { y = my.domain.Odd(x) }
''')
onnx.save(odd, sys.argv[1])
try:
    to_tflite(sys.argv[1], sys.argv[2])
except UnsupportedOp as error:
    print("my.domain::Odd" in str(error), "tensorflow" in sys.modules)
"""


def test_the_process_that_asks_for_a_conversion_does_not_wait_for_tensorflow(tmp_path):
    command = [sys.executable, "-c", REFUSED, str(tmp_path / "odd.onnx"), str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stdout.split() == ["True", "False"], ended.stderr
