"""Brings what a classifier says in words or maps into numbers: a .tflite file has only those."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from decant.errors import shortened
from decant.files import ONNX_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLASSICAL = b"ai.onnx.ml"
"""The domain of operators that say something; no other file is read whole."""

PASSING = frozenset({"Identity", "Reshape", "Squeeze"})

LABELS = {
    "LinearClassifier": ("classlabels_strings", "classlabels_ints"),
    "SVMClassifier": ("classlabels_strings", "classlabels_ints"),
    "TreeEnsembleClassifier": ("classlabels_strings", "classlabels_int64s"),
    "LabelEncoder": ("values_strings", "values_int64s"),
}
"""Operator → its attribute of texts, and the one of numbers in their place."""

OTHERWISE = ("default_string", "default_int64")
"""The same for what a LabelEncoder says of a key that it does not know; -1 if that is no label."""


def in_numbers(path: Path) -> tuple[onnx.ModelProto, tuple[str, ...]] | None:
    """Give a model whose outputs are numbers where its own are texts or maps.

    A text becomes its place among all that may be said, and a sequence of maps the table that it
    was made of.

    Args:
        path: An `.onnx` file.

    Returns:
        The model, and what was done to each such output; None where there is none, where one is
        made in another way, or the file cannot be read.
    """
    try:
        if not _is_classical(path):
            return None
        model = onnx.load(path)
    except (OSError, DecodeError, ValueError):
        return None  # whoever reads it next says why
    done = [_bring(model.graph, output) for output in model.graph.output if not _is_table(output)]
    notes = tuple(note for note in done if note is not None)
    return (model, notes) if notes and len(notes) == len(done) else None


def way_out(path: Path) -> str:
    """Say to begin an advice with how a refused model gets numbers; "" where it cannot."""
    if in_numbers(path) is None:
        return ""
    return f"decant convert writes {ONNX_NUMBERS}, which says numbers: give that, or "


def _is_classical(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(CLASSICAL) >= 0


def _is_table(output: onnx.ValueInfoProto) -> bool:
    kind = output.type
    tensor = kind.tensor_type.elem_type if kind.HasField("tensor_type") else 0
    return tensor not in (0, onnx.TensorProto.STRING)


def _bring(graph: onnx.GraphProto, output: onnx.ValueInfoProto) -> str | None:
    """Let an output be numbers, and say what they are; None where that is not known."""
    node = _maker(graph, output.name)
    if node is None:
        return None
    if node.op_type == "ZipMap":
        return _as_table(node, output)
    labels = _numbered(graph, node)
    if labels is None:
        return None
    for value in (output, *graph.value_info):
        if value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
            value.type.tensor_type.elem_type = onnx.TensorProto.INT64
    return (
        f'the output "{output.name}" is text, which no .tflite file has: it is the number of a'
        f" label there, from 0, of {shortened(labels)}"
    )


def _maker(graph: onnx.GraphProto, name: str) -> onnx.NodeProto | None:
    """The node that makes a value, behind those that only pass it on."""
    makers = {value: node for node in graph.node for value in node.output}
    node = makers.get(name)
    while node is not None and node.op_type in PASSING:
        node = makers.get(node.input[0])
    return node


def _as_table(node: onnx.NodeProto, output: onnx.ValueInfoProto) -> str:
    """Give the table of numbers that a ZipMap takes, in place of a map for every row."""
    columns = next((_listed(each) for each in node.attribute), [])
    node.op_type, node.domain = "Identity", ""
    del node.attribute[:]
    output.type.Clear()
    shape = [None, len(columns)]
    output.type.CopyFrom(onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, shape))
    return (
        f'the output "{output.name}" is a sequence of maps, which no .tflite file has: it is a'
        f" table there, with the columns {shortened(columns)}"
    )


def _numbered(graph: onnx.GraphProto, node: onnx.NodeProto) -> list[str] | None:
    """Let a node say the numbers of texts; gives the texts, or None where it makes none."""
    if node.op_type == "ArrayFeatureExtractor":
        return _numbered_table(graph, node.input[0])
    texts, numbers = LABELS.get(node.op_type, ("", ""))
    given = next((each for each in node.attribute if each.name == texts), None)
    if given is None:
        return None
    labels = [*dict.fromkeys(_listed(given))]
    places = [labels.index(each) for each in _listed(given)]
    kept = [each for each in node.attribute if each.name not in (texts, OTHERWISE[0])]
    added = [onnx.helper.make_attribute(numbers, places)]
    for each in (each for each in node.attribute if each.name == OTHERWISE[0]):
        otherwise = each.s.decode("utf-8", "replace")
        place = labels.index(otherwise) if otherwise in labels else -1
        added.append(onnx.helper.make_attribute(OTHERWISE[1], place))
    del node.attribute[:]
    node.attribute.extend([*kept, *added])
    return labels


def _numbered_table(graph: onnx.GraphProto, name: str) -> list[str] | None:
    """Let a constant of texts hold their numbers."""
    for tensor in graph.initializer:
        if tensor.name == name and tensor.data_type == onnx.TensorProto.STRING:
            labels = _texts(tensor.string_data)
            places = np.arange(len(labels)).reshape(tuple(tensor.dims))
            tensor.CopyFrom(onnx.numpy_helper.from_array(places, name))
            return labels
    return None


def _listed(attribute: onnx.AttributeProto) -> list[str]:
    """The labels of an attribute."""
    return _texts(attribute.strings) or [str(number) for number in attribute.ints]


def _texts(given: Sequence[bytes]) -> list[str]:
    return [each.decode("utf-8", "replace") for each in given]
