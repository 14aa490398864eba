"""Runs a SavedModel that was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from decant.errors import DecantError

from . import savedmodel
from .lowering.emit import SIGNATURE, Emission
from .lowering.refusals import RUN_ADVICE, Problem, report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sample = dict[str, NDArray[Any]]


def answers(
    folder: Path, emission: Emission, samples: Sequence[Sample]
) -> list[list[NDArray[Any]]]:
    """Run a SavedModel as it lies on the disk.

    In a session: TensorFlow 2's reader copies the graph node by node in Python, which takes as long
    as the conversion. And op by op: its optimizer copies the weights, for a few runs.

    Args:
        folder: The SavedModel.
        emission: What was written there.
        samples: Inputs in ONNX order, by name.

    Returns:
        For each sample the outputs in ONNX order.

    Raises:
        UnsupportedOp: TensorFlow cannot run what a node became.
    """
    if not samples:
        return []
    v1 = tf.compat.v1
    config = v1.ConfigProto(intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        meta, weights = savedmodel.load(session, folder)
        signature = meta.signature_def[SIGNATURE]
        wanted = [signature.outputs[emission.keys[info.name]].name for info in emission.outputs]
        found = []
        for sample in samples:
            given = {
                signature.inputs[emission.keys[info.name]].name: info.from_onnx_order(
                    sample[info.name]
                )
                for info in emission.inputs
            }
            try:
                results = session.run(wanted, given | weights)
            except tf.errors.OpError as error:
                raise _cannot_run(error, emission) from error
            found.append(
                [info.to_onnx_order(y) for info, y in zip(emission.outputs, results, strict=True)]
            )
    return found


def _cannot_run(error: Exception, emission: Emission) -> DecantError:
    """Name the node whose emitted op TensorFlow has no code for."""
    message = str(error)
    scopes = re.findall(r"\{\{node (n\d+)/", message) or re.findall(r"\b(n\d+)/", message)
    lines = [line.strip() for line in message.splitlines()]
    told = [x for x in lines if x and not x.startswith(("[[", "Detected", "<", "Graph", "("))]
    reason = re.sub(r"\s*\[Op:\w+\]$", "", told[0]) if told else "no reason given"
    name, op = emission.nodes.get(scopes[0] if scopes else "", ("the model", "its SavedModel"))
    return report([Problem(name, op, f"TensorFlow cannot run it on a CPU ({reason})", RUN_ADVICE)])
