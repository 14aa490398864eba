"""Converts an ONNX file with onnx-tf and TensorFlow's converter, in their own environment."""

from pathlib import Path

import onnx
import tensorflow as tf
from onnx_tf.backend import prepare

NEWEST_OPSET = 13
"""Of newer ones onnx-tf 1.10 knows few operators."""


def work(source: str, target: str) -> None:
    """Write the float32 file that TensorFlow makes of onnx-tf's SavedModel."""
    model = onnx.load(source)
    folder = Path(target).parent / "onnx_tf"
    try:
        prepare(model).export_graph(str(folder))
    except Exception as error:
        raise RuntimeError(_reason(error, model)) from error
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    Path(target).write_bytes(converter.convert())


def _reason(error: Exception, model: onnx.ModelProto) -> str:
    # AutoGraph puts a whole traceback before what is said.
    said = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
    opset = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    if opset <= NEWEST_OPSET:
        return said
    return f"{said} (the model is of opset {opset}, and onnx-tf knows up to {NEWEST_OPSET} well)"
