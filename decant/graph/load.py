"""Reads an ONNX file into onnx_ir: checked, inlined, at one opset, with shapes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError
from onnx_ir.passes import common

from decant.errors import DataError, UnsupportedOp
from decant.external_data import check_external
from decant.graph.upgrade import attributes_to_inputs
from decant.paths import content_fault, is_file, no_file
from decant.shapes import fixed

if TYPE_CHECKING:
    from decant.free_sizes import Shape
    from decant.shapes import AskedShapes

logger = logging.getLogger(__name__)

UNNAMED = (None, "", "?", "-1", "None")
"""Names that exporters give to any free size, whether it equals another or not."""

SEQUENCE_MAKERS = frozenset(
    {"SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SplitToSequence"}
)


def load(path: Path | str, shapes: AskedShapes | None = None) -> ir.Model:
    """Read an ONNX model.

    Local functions are inlined, attributes that later opsets made inputs become inputs, and every
    value gets the shape and dtype that can be inferred.

    Args:
        path: An `.onnx` file; weights beside it are read too.
        shapes: Sizes for inputs that the file leaves free, by input name.

    Raises:
        DataError: If the file is missing, truncated, not ONNX or not a valid model.
        UnsupportedOp: If an input or an output is no tensor of numbers.
        UsageError: If a shape does not fit.
    """
    path = Path(path)
    with _read(path):
        _check(path)
        model = ir.load(path)
    if not len(model.graph):
        raise DataError(f"{path}: the model has no nodes; export it again")
    model = prepare(model, shapes)
    _check_signature(path, model.graph)
    return model


def load_declared(path: Path) -> ir.Graph:
    """Read an ONNX model whose inputs and outputs are all that is asked for, as the file says them.

    Nothing is checked or inferred, and weights beside it are not read.

    Raises:
        DataError: If the file is missing, truncated or not ONNX.
        UnsupportedOp: If an input or an output is no tensor of numbers.
    """
    with _read(path):
        graph = ir.load(path).graph
    _drop_initializers_from_inputs(graph)
    _check_signature(path, graph)
    return graph


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Say what is wrong with a file that is read inside.

    Raises:
        DataError: If it, or a file beside it, is missing, or it cannot be read.
    """
    if not is_file(path):
        raise DataError(f"{path}: {no_file(path)}")
    check_external(path)
    try:
        yield
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError, RuntimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), repr(error))
        fault = content_fault(path) or f"not a whole ONNX model ({reason}); export or copy it again"
        raise DataError(f"{path}: {fault}") from error


def _check_signature(path: Path, graph: ir.Graph) -> None:
    """Refuse an output that is listed twice, and what is no tensor of numbers."""
    names = [value.name for value in graph.outputs]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f'{path}: lists the output "{name}" twice; list each once')
    for role, values in (("input", graph.inputs), ("output", graph.outputs)):
        for value in values:
            if value.type is None:
                continue
            tensor = isinstance(value.type, ir.TensorType)
            if not tensor or value.dtype is ir.DataType.STRING:
                what = "text" if tensor else "a sequence or another thing that is no tensor"
                raise UnsupportedOp(
                    f'{path}: the {role} "{value.name}" is {what}, which no .tflite file has; '
                    "export the part of the model that takes and gives numbers"
                )


def _check(path: Path) -> None:
    """Run ONNX's checker, which wants shapes of all outputs, behind inference where one lacks."""
    outputs = onnx.load(path, load_external_data=False).graph.output
    try:
        if all(_has_shape(output) for output in outputs):
            onnx.checker.check_model(str(path))
        else:
            onnx.checker.check_model(onnx.shape_inference.infer_shapes(onnx.load(path)))
    except onnx.checker.ValidationError as error:
        if "No Op registered for" not in str(error):
            raise
        logger.debug("left to the emitter, which lists all such nodes: %s", error)


def _has_shape(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.WhichOneof("value")
    return kind is not None and (kind != "tensor_type" or value.type.tensor_type.HasField("shape"))


def prepare(model: ir.Model, shapes: AskedShapes | None = None) -> ir.Model:
    """Bring a model that is already in memory into the form that `load` returns (in place)."""
    _drop_initializers_from_inputs(model.graph)
    _leave_unstated_sizes_free(model)
    _fix_shapes(model, shapes or {})
    common.InlinePass()(model)
    for graph in model.graph.subgraphs():  # a file states the operator sets once
        graph.opset_imports.update(model.opset_imports)
    common.ShapeInferencePass(check_type=False, strict_mode=False, data_prop=True)(model)
    _type_sequences(model)
    attributes_to_inputs(model)
    return model


def _drop_initializers_from_inputs(graph: ir.Graph) -> None:
    """Keep only what callers feed: files up to IR version 3 list every weight as an input too."""
    graph.inputs[:] = [value for value in graph.inputs if value.name not in graph.initializers]


def _leave_unstated_sizes_free(model: ir.Model) -> None:
    """Make a size that is no size a free one without a name.

    Exporters write -1 for a size that they do not know (PaddlePaddle), or call it "" or "?"; two
    such sizes need not be equal. A 0 that they write so behind the inputs, inference corrects: it
    finds those that are true.
    """
    inputs = set(model.graph.inputs)
    for value in _all_values(model):
        if value.shape is not None:
            least = 0 if value in inputs else 1
            value.shape = ir.Shape([s if _is_stated(s, least) else None for s in value.shape])


def _is_stated(size: int | ir.SymbolicDim, least: int) -> bool:
    return size >= least if isinstance(size, int) else size.value not in UNNAMED


def _all_values(model: ir.Model) -> Iterator[ir.Value]:
    """Every value of the graph, of its subgraphs and of local functions."""
    graphs: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
    for graph in graphs:
        yield from graph.inputs
        for node in graph.all_nodes():
            yield from node.outputs
            for attribute in node.attributes.values():
                if attribute.type is ir.AttributeType.GRAPH:
                    yield from attribute.value.inputs


def _type_sequences(model: ir.Model) -> None:
    """Give sequences their type: the inference pass learns only that of their tensors."""
    for node in model.graph.all_nodes():
        for value, like in zip(node.outputs, _alike(node), strict=False):
            sequence = node.op_type in SEQUENCE_MAKERS or isinstance(like, ir.SequenceType)
            if sequence and isinstance(value.type, ir.TensorType):
                value.type = ir.SequenceType(value.type)


def _alike(node: ir.Node) -> list[ir.TypeProtocol | None]:
    """The types of what a node passes on as its outputs, as far as it may be a sequence."""
    values: Sequence[ir.Value | None]
    match node.op_type:
        case "Identity":
            values = node.inputs
        case "If":
            values = node.attributes["then_branch"].as_graph().outputs
        case "Loop":
            values = node.attributes["body"].as_graph().outputs[1:]
        case _:
            return [None]
    return [None if value is None else value.type for value in values]


def _fix_shapes(model: ir.Model, asked: AskedShapes) -> None:
    if not asked:
        return
    inputs = {str(value.name): value for value in model.graph.inputs}
    for name, shape in fixed(asked, stated_shapes(model.graph.inputs)).items():
        old = inputs[name].shape or ()
        inputs[name].shape = ir.Shape(
            [dim if size is None else size for dim, size in zip(old, shape, strict=True)]
        )
    _forget_inferred_shapes(model)


def stated_shapes(inputs: Iterable[ir.Value]) -> dict[str, Shape]:
    """Say what a model states of the sizes of each input: numbers, and names of free ones."""
    return {
        str(value.name): [size if isinstance(size, int) else size.value for size in value.shape]
        for value in inputs
        if value.shape is not None
    }


def _forget_inferred_shapes(model: ir.Model) -> None:
    """Drop shapes that hold symbols, so that inference finds the fixed ones."""
    for node in model.graph:
        for value in node.outputs:
            if value.shape is not None and not value.shape.is_static():
                value.shape = None
