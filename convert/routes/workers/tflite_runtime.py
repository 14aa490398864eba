"""Runs a file once in tflite-runtime, in its own environment."""

import numpy as np
from tflite_runtime.interpreter import Interpreter


def work(source: str, target: str) -> None:
    """Load a file and run it on zeros; nothing is written."""
    del target
    interpreter = Interpreter(model_path=source, num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
