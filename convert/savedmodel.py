"""Writes an emitted network as a SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from .lowering.emit import SIGNATURE, Emission

FILE = "saved_model.pb"
SAVED_MODEL_VERSION = 1
METHOD = "tensorflow/serving/predict"


def write(emission: Emission, folder: Path | str) -> None:
    """Write a SavedModel with the one signature "serving_default" into a new or empty folder.

    It holds the graph once, in the format's first version. `tf.saved_model.save` writes the second,
    for objects with variables and functions; with 90 MB of weights that took 2.7 s and 1.3 GB of
    memory in place of 0.5 s and 0.2 GB, and a reader as much again (TensorFlow 2.21).
    """
    if emission.function.captured_inputs:  # a lowering of the user's has variables
        tf.saved_model.save(emission.module, str(folder), signatures={SIGNATURE: emission.function})
        return
    graph = emission.function.graph
    names = (emission.keys[info.name] for info in emission.inputs)
    inputs = dict(zip(names, graph.inputs, strict=True))
    saved = saved_model_pb2.SavedModel(saved_model_schema_version=SAVED_MODEL_VERSION)
    meta = saved.meta_graphs.add()
    meta.meta_info_def.tags.append(tf.saved_model.SERVING)
    meta.meta_info_def.tensorflow_version = tf.__version__
    meta.graph_def.CopyFrom(graph.as_graph_def())
    signature = meta.signature_def[SIGNATURE]
    signature.method_name = METHOD
    for entries, tensors in (
        (signature.inputs, inputs),
        (signature.outputs, graph.structured_outputs),
    ):
        for key, tensor in tensors.items():
            entries[key].CopyFrom(_described(tensor))
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, FILE).write_bytes(saved.SerializeToString(deterministic=True))


def _described(tensor: Any) -> Any:
    return meta_graph_pb2.TensorInfo(
        name=tensor.name,
        dtype=tensor.dtype.as_datatype_enum,
        tensor_shape=tensor.shape.as_proto(),
    )
