"""Turns a SavedModel into a TFLite file with the model's own tensor names and order."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from tensorflow.lite.python.lite import TFLiteSavedModelConverterV2

from decant.errors import DecantError, UnsupportedOp
from decant.flatbuffer import Graph
from decant.flatbuffer.joining import join_constants
from decant.flatbuffer.outside import read
from decant.flatbuffer.packing import MOST_BYTES, written
from decant.tensors import TensorInfo

from .int8 import STEP, holds_markers, marked, to_integers
from .loop_variables import drop_unread
from .lowering.emit import SIGNATURE, Emission
from .lowering.refusals import LACKS_ADVICE, RUN_ADVICE, Problem, listed, report
from .lowering.trace import Located
from .stand_ins import StandIn, restored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Array = NDArray[Any]

logger = logging.getLogger(__name__)

MOVES = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE", "TRANSPOSE"})
"""Operators whose result has the elements of what they read."""

LARGEST, INFINITE = np.finfo(np.float32).max, np.float32(np.inf)


@dataclass(frozen=True, slots=True)
class TFLiteFile:
    """A converted network.

    Attributes:
        model: The flatbuffer's object form.
        tensors: Name of every traced activation -> what it holds.
        activations: How many activations there are, traced or not.
    """

    model: Any
    tensors: Mapping[str, Located]
    activations: int

    @property
    def data(self) -> bytes:
        """The flatbuffer."""
        return bytes(written(self.model))


class _Converter(TFLiteSavedModelConverterV2):  # type: ignore[misc]  # TensorFlow ships no types
    """Gives the native converter the folder, and reads nothing of it before.

    TensorFlow 2.21's own loads the SavedModel three times over in Python, for debug information and
    for figures that nobody reads: 8 s in place of 2 with 90 MB of weights, and 1.4 GB of memory.
    """

    def convert(self) -> bytes:
        data: bytes = self._convert_from_saved_model(tf.compat.v1.GraphDef())
        return data

    def _optimize_tflite_model(self, model: bytes, *_: Any, **__: Any) -> bytes:
        """Change nothing: equal constants are joined when the weights are where they belong."""
        return model


def convert(
    saved_model: Path | str,
    emission: Emission,
    *,
    allow_flex: bool = False,
    integer_weights: bool = False,
    sent: Sequence[StandIn] = (),
) -> TFLiteFile:
    """Convert a SavedModel that `savedmodel.write` wrote.

    Tensors are renamed to the ONNX values they hold, so the bytes do not depend on the folder or
    on what was converted before.

    Args:
        saved_model: The folder.
        emission: What was written there.
        allow_flex: Whether TensorFlow ops outside TFLite's own may stay (they need a larger
            runtime).
        integer_weights: Whether weights were integers, so that int8 may hold them without loss.
        sent: What stands in the SavedModel for weights.

    Raises:
        NotRestored: It cannot be told from the file where one of these belongs.
        UnsupportedOp: If TFLite has no builtin for an op and `allow_flex` is false.
        NoKernel: If TFLite has no int8 kernel where one is needed.
    """
    converter = _Converter(str(saved_model), {tf.saved_model.SERVING}, [SIGNATURE])
    # What a loop shows is written in its place; the other form copies it in three parts.
    converter._experimental_enable_dynamic_update_slice = True
    size = sum(array.nbytes for array in emission.weights.values())
    converter._experimental_use_buffer_offset = size > MOST_BYTES
    if allow_flex:
        builtins, select = tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS
        converter.target_spec.supported_ops = [builtins, select]
    try:
        data = converter.convert()
    except Exception as error:
        logger.debug("TFLite's converter fails", exc_info=error)
        raise _refusal(str(error), emission, allow_flex=allow_flex) from error
    model = read(data)
    if sent:
        model = restored(model, sent)
    join_constants(model)
    if integer_weights or holds_markers(model):
        model = to_integers(Graph(model), marked(emission.tensors)).model
    return _with_own_names(model, emission)


def _refusal(message: str, emission: Emission, *, allow_flex: bool) -> DecantError:
    """List the nodes whose emitted ops TFLite lacks."""
    found = re.findall(r'"(n\d+)/[^"]*"[^\n]*?\'tf\.(\w+)\' op', message)
    types = dict(re.findall(r"tf\.(\w+)\((tensor<.*?)\) ->", message))
    advice = RUN_ADVICE if allow_flex else LACKS_ADVICE
    if emission.fixing:
        advice = f"{emission.fixing}, or {advice}"
    problems = [
        Problem(*emission.nodes[scope], f"TFLite has no builtin for {op}{_of(types, op)}", advice)
        for scope, op in dict.fromkeys(found)
        if scope in emission.nodes
    ]
    if problems:
        return report(problems)
    reason = next(iter(message.strip().splitlines()), "without a reason")
    scopes = dict.fromkeys(re.findall(r'"(n\d+)/', message))
    names = [emission.nodes[scope][0] for scope in scopes if scope in emission.nodes]
    where = f" at {listed(names)}" if names else ""
    return UnsupportedOp(f"TFLite's converter refuses the model{where}: {reason}; {advice}")


def _of(types: Mapping[str, str], op: str) -> str:
    return f"({types[op]})" if op in types else ""


def _with_own_names(model: Any, emission: Emission) -> TFLiteFile:
    drop_unread(model)
    restore_infinities(model, emission.extremes)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    graph.inputs, signature.inputs = _ordered(signature.inputs, emission.inputs, emission)
    graph.outputs, signature.outputs = _ordered(signature.outputs, emission.outputs, emission)
    own = {entry.tensorIndex: entry.name for entry in (*signature.outputs, *signature.inputs)}
    constants = _constants(model)
    names: set[str] = set(own.values())
    rank = {name: i for i, name in enumerate(emission.tensors)}
    tensors: dict[str, Located] = {}
    found = [_located(tensor.name.decode(), emission.tensors, rank) for tensor in graph.tensors]
    steps = {i for i, t in enumerate(graph.tensors) if STEP in t.name.decode() or _is_scaled(t)}
    early = _early(model, {i: at for i, at in enumerate(found) if at and i not in steps})
    for index, tensor in enumerate(graph.tensors):
        if index in constants:
            continue
        located = found[index]
        if located is not None and index in early:
            located = _as_step(located)
        name = own.get(index)
        if name is None and located is not None:
            step = "" if located.split is not None else "/step"
            name = _free_name(f"{located.value}{step}", names)
        if name is not None:
            names.add(name)
            tensor.name = name.encode()
            held = located or emission.signature[name]
            tensors[name] = _as_step(held) if index in steps else held
    return TFLiteFile(model, tensors, len(graph.tensors) - len(constants))


def _early(model: Any, found: Mapping[int, Located]) -> set[int]:
    """Find tensors that are called after a value, and of which it has yet to be computed.

    The converter pulls a reshape before the product whose result it was, and lets it keep its name.
    """
    graph, early = Graph(model), set[int]()
    for operator in reversed(graph.operators):
        moves = graph.kind(operator) in MOVES
        made = [found.get(i) for i in operator.outputs if not moves or i in early]
        names = {at.value for at in made if at is not None and at.split is not None}
        read = ((i, found.get(i)) for i in operator.inputs)
        early.update(i for i, at in read if at is not None and at.value in names)
    return early


def _is_scaled(tensor: Any) -> bool:
    """Whether a tensor holds integers that stand for numbers."""
    parameters = tensor.quantization
    return parameters is not None and parameters.scale is not None and len(parameters.scale) > 0


def _as_step(located: Located) -> Located:
    """What a tensor is on the way to, whose numbers are not the value's."""
    return Located(located.value, located.module)


def restore_infinities(model: Any, emitted: Iterable[Array]) -> None:
    """Make infinities of the largest floats in a file that were infinities before.

    TensorFlow 2.21's converter stores an infinite constant as the largest float, which a mask of
    -inf is not: what is added to it becomes finite, and its softmax is not NaN.

    Args:
        model: The file, as `flatbuffer_utils` reads it; changed in place.
        emitted: The constants that it was made of. Where some hold the largest float itself, only
            a constant that is one of the others, element by element, gets its infinities back.
    """
    clamped: set[bytes] = set()
    holds_largest = False
    for array in emitted:
        if np.isinf(array).any():
            clamped.add(np.clip(array, -LARGEST, LARGEST).tobytes())
        holds_largest |= bool((np.abs(array) == LARGEST).any())
    if not clamped:
        return
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        data = model.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.FLOAT32 or data is None or not len(data):
            continue
        floats = np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float32)
        if not holds_largest or floats.tobytes() in clamped:
            restored = np.where(np.abs(floats) == LARGEST, np.copysign(INFINITE, floats), floats)
            model.buffers[tensor.buffer].data = np.frombuffer(restored.tobytes(), np.uint8)


def _ordered(
    entries: list[Any], infos: tuple[TensorInfo, ...], emission: Emission
) -> tuple[list[int], list[Any]]:
    """Put a signature's entries in the model's order and under its names."""
    by_key = {entry.name.decode(): entry for entry in entries}
    ordered = [by_key[emission.keys[info.name]] for info in infos]
    for entry, info in zip(ordered, infos, strict=True):
        entry.name = info.name
    return [entry.tensorIndex for entry in ordered], ordered


def _constants(model: Any) -> set[int]:
    graph = model.subgraphs[0]
    made = {i for operator in graph.operators for i in operator.outputs} | set(graph.inputs)
    return set(range(len(graph.tensors))) - made


def _located(name: str, tensors: Mapping[str, Located], rank: Mapping[str, int]) -> Located | None:
    """What a tensor holds: the result of the last of the TensorFlow ops fused into it.

    The converter joins the names of fused ops with ";" and adds a number to a name that is taken.
    """
    parts = [part for part in (_known(p, rank) for p in name.split(";")) if part]
    return tensors[max(parts, key=rank.__getitem__)] if parts else None


def _known(part: str, rank: Mapping[str, int]) -> str | None:
    """A name, without as many digits at its end as make it one of the graph's."""
    while part not in rank:
        if not part[-1:].isdigit():
            return None
        part = part[:-1]
    return part


def _free_name(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}~{number}"
    return name
