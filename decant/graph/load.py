"""Reads an ONNX file into onnx_ir: checked, inlined, at one opset, with shapes."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError
from onnx_ir.passes import common

from decant.errors import DataError, DecantError, InternalError, UnsupportedOp, UsageError
from decant.external_data import check_external
from decant.graph.checker import check
from decant.graph.spoken import way_out
from decant.graph.upgrade import attributes_to_inputs
from decant.paths import content_fault, is_file, no_file
from decant.shapes import fixed, options_of

if TYPE_CHECKING:
    from decant.free_sizes import Shape
    from decant.shapes import AskedShapes

logger = logging.getLogger(__name__)

UNNAMED = (None, "", "?", "-1", "None")
"""Names that exporters give to any free size, whether it equals another or not."""

UNSOUND = (
    onnx.checker.ValidationError,
    onnx.defs.SchemaError,
    onnx.shape_inference.InferenceError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What ONNX raises over a model that is none."""

NO_NUMBERS = frozenset(
    kind
    for kind in ir.DataType
    if kind.name.startswith(("FLOAT8", "FLOAT4", "INT2", "UINT2", "COMPLEX", "UNDEFINED"))
)
"""Types of tensors that TFLite computes nothing with."""

MOST_ELEMENTS = 2**31 - 1
"""Of a tensor: LiteRT counts them with 32 bits."""

SEQUENCE_MAKERS = frozenset(
    {"SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceMap",
     "SplitToSequence"}
)  # fmt: skip


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
        check(path)
        model = ir.load(path)
    if not len(model.graph):
        raise DataError(f"{path}: the model has no nodes; export it again")
    _check_signature(path, model.graph)
    _check_nodes(path, model)
    with told_if_unsound(path, shapes):
        return prepare(model, shapes)


@contextmanager
def told_if_unsound(path: Path, shapes: AskedShapes | None = None) -> Iterator[None]:
    """Blame a file for what fails inside, where ONNX's own checks find that it contradicts itself.

    They are asked only then: many a file that converts well states a shape that they call wrong.

    Args:
        path: The file.
        shapes: Sizes that were asked for of its inputs.

    Raises:
        DataError: If the model contradicts itself.
        UsageError: If a shape that was asked for contradicts it.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DecantError) and not isinstance(error, InternalError):
            raise
        contradiction = _contradiction(path, {})
        if contradiction:
            advice = "export it again"
            raise DataError(f"{path}: contradicts itself ({contradiction}); {advice}") from error
        contradiction = _contradiction(path, shapes) if shapes else ""
        if shapes and contradiction:
            others = _whole_multiples(path, shapes)
            advice = f"give other sizes{f', such as {options_of(others)}' if others else ''}"
            fault = f"does not fit {path} ({contradiction}); {advice}"
            raise UsageError(f"{options_of(shapes)}: {fault}") from error
        raise


def _contradiction(path: Path, shapes: AskedShapes) -> str:
    """Say what ONNX's strict checks find wrong with a file, in their words; "" if nothing."""
    try:
        model = ir.load(path)
        _drop_initializers_from_inputs(model.graph)
        _fix_shapes(model, shapes)
        if shapes:  # the checker wants the rank of outputs, which are unknown with new sizes
            onnx.shape_inference.infer_shapes(ir.to_proto(model), check_type=True, strict_mode=True)
        else:
            onnx.checker.check_model(ir.to_proto(model), full_check=True)
    except UsageError:
        return ""
    except UNSOUND as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[-1] if lines else type(error).__name__
    return ""


def _whole_multiples(path: Path, shapes: AskedShapes) -> AskedShapes:
    """Round sizes that contradict a model up until they do not: it may halve them several times.

    Returns:
        The first sizes that fit, of multiples of 2, 4, … 64; none if no such ones do.
    """
    stated = stated_shapes(load_declared(path).inputs, shapes)
    for number in (2, 4, 8, 16, 32, 64):
        rounded = {
            name: tuple(
                -(-size // number) * number
                if isinstance(size, int) and size > number and not isinstance(own, int)
                else size
                for size, own in zip(shape, stated[name], strict=True)
            )
            for name, shape in shapes.items()
        }
        if not _contradiction(path, rounded):
            return rounded
    return {}


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
    except (DecodeError, OSError, *UNSOUND) as error:
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
            what = "" if value.type is None else _no_numbers(value)
            if what:
                raise UnsupportedOp(
                    f'{path}: the {role} "{value.name}" is {what}, which no .tflite file has; '
                    f"{way_out(path)}export the part of the model that takes and gives numbers"
                )


def _check_nodes(path: Path, model: ir.Model) -> None:
    """Refuse a node that leaves out what it needs: a runtime may read that, and crash."""
    for node in model.graph.all_nodes():
        opset = model.opset_imports.get(node.domain, 0)
        if None not in node.inputs or not onnx.defs.has(node.op_type, opset, node.domain):
            continue
        formal = onnx.defs.get_schema(node.op_type, opset, node.domain).inputs
        for index, value in enumerate(node.inputs):
            own = formal[min(index, len(formal) - 1)]
            if (
                value is None
                and own.option is not onnx.defs.OpSchema.FormalParameterOption.Optional
            ):
                name = node.name or next((each.name for each in node.outputs), "")
                raise DataError(
                    f'{path}: the node "{name}" ({node.op_type}) leaves out its input {own.name}, '
                    "which it needs; export it again"
                )


def _no_numbers(value: ir.Value) -> str:
    """Say what a value is that no file can take or give; "" if one can."""
    if not isinstance(value.type, ir.TensorType):
        return "a sequence or another thing that is no tensor"
    if value.dtype is ir.DataType.STRING:
        return "text"
    if value.dtype in NO_NUMBERS:
        return f"of type {value.dtype.name.lower()}"
    stated = [size for size in value.shape or () if isinstance(size, int) and size > 0]
    if math.prod(stated) > MOST_ELEMENTS:
        return f"of {math.prod(stated):.1e} elements"
    return ""


def prepare(model: ir.Model, shapes: AskedShapes | None = None) -> ir.Model:
    """Bring a model that is already in memory into the form that `load` returns (in place)."""
    _drop_initializers_from_inputs(model.graph)
    _leave_unstated_sizes_free(model)
    _fix_shapes(model, shapes or {})
    keep_opsets_of_functions(model)
    common.InlinePass()(model)
    for graph in model.graph.subgraphs():  # a file states the operator sets once
        graph.opset_imports.update(model.opset_imports)
    common.ShapeInferencePass(check_type=False, strict_mode=False, data_prop=True)(model)
    _type_sequences(model)
    attributes_to_inputs(model)
    return model


def keep_opsets_of_functions(model: ir.Model) -> None:
    """Let a local function's nodes say which operator set they are of, where it is another one."""
    for function in model.functions.values():
        for domain, version in model.opset_imports.items():
            own = function.opset_imports.get(domain, version)
            for node in function.all_nodes():
                if own != version and node.domain == domain:
                    node.version = own
            function.opset_imports[domain] = version


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
    match node.op_type if node.domain == "" else "":
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
    for name, shape in fixed(asked, stated_shapes(model.graph.inputs, asked)).items():
        old = inputs[name].shape or shape
        inputs[name].shape = ir.Shape(
            [dim if size is None else size for dim, size in zip(old, shape, strict=True)]
        )
    _forget_inferred_shapes(model)


def stated_shapes(inputs: Iterable[ir.Value], asked: AskedShapes | None = None) -> dict[str, Shape]:
    """Say what a model states of the sizes of each input: numbers, and names of free ones.

    An input without a shape has as many free ones as are asked for of it, if any are.
    """
    stated: dict[str, Shape] = {}
    for value in inputs:
        name = str(value.name)
        if value.shape is not None:
            stated[name] = [s if isinstance(s, int) else s.value for s in value.shape]
        elif asked and name in asked:
            stated[name] = [None] * len(asked[name])
    return stated


def has_free_sizes(inputs: Iterable[ir.Value]) -> bool:
    """Say whether a model leaves a size of an input free."""
    shapes = stated_shapes(inputs).values()
    return any(not isinstance(size, int) for shape in shapes for size in shape)


def _forget_inferred_shapes(model: ir.Model) -> None:
    """Drop shapes that hold symbols, so that inference finds the fixed ones."""
    for node in model.graph:
        for value in node.outputs:
            if value.shape is not None and not value.shape.is_static():
                value.shape = None
