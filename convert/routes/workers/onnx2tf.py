"""Converts an ONNX file with onnx2tf, in its own environment."""

import shutil
from pathlib import Path

import onnx2tf


def work(source: str, target: str) -> None:
    """Write the float32 file that onnx2tf makes with the options it has when none are given."""
    folder = Path(target).parent / "onnx2tf"
    onnx2tf.convert(
        input_onnx_file_path=source,
        output_folder_path=str(folder),
        copy_onnx_input_output_names_to_tflite=False,
        non_verbose=True,
        verbosity="error",
    )
    (made,) = folder.glob("*_float32.tflite")
    shutil.move(made, target)
