"""TensorFlow starts without Keras, which an operators file still gets when it asks for it."""

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
