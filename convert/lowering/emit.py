"""Emits an ONNX graph as a TensorFlow function."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir
import tensorflow as tf
from numpy.typing import NDArray

from decant.errors import UnsupportedOp
from decant.graph.evaluate import evaluate
from decant.shapes import without_shape
from decant.tensors import Layout, TensorInfo

from ..layout.refused import Refused
from ..layout.signature import (
    InputType,
    LayoutRule,
    SignatureRules,
    axes_in_file,
    signature_layouts,
)
from ..layout.tensors import AnyValue, Constant, Value, computed_dtype, inside_branch
from ..layout.weights import kept_apart
from . import registry
from .expand import expand, opset_of
from .refusals import Fault, Problem, failure, fixing_advice, named, no_lowering, problem, report
from .registry import Key, Lowering, OutputInfo
from .trace import Located, locate, located_in_signature

logger = logging.getLogger(__name__)

SIGNATURE = "serving_default"
TEXT = "object"
"""NumPy's name for the type of texts, which TFLite has no tensors of."""


@dataclass(frozen=True, slots=True)
class Emission:
    """An emitted network.

    Attributes:
        module: Holds the function.
        function: Its concrete function; takes and returns tensors under the signature's keys.
        inputs: Inputs in the model's own order and under its own names.
        outputs: Outputs likewise.
        keys: ONNX name of an input or output -> its key in the signature.
        tensors: Name of a TensorFlow result -> the ONNX value that it holds, in graph order.
        signature: Input or output name -> how the ONNX value lies in it.
        nodes: Scope of what a node emits -> the node's name and its op.
        fixing: How to fix what inputs leave free; "" where nothing is.
        extremes: Its float constants that hold an infinity, or the largest float.
        weights: Name of a constant that was kept apart -> what it holds; see `apart`.
    """

    module: Any
    function: Any
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    keys: Mapping[str, str]
    tensors: Mapping[str, Located]
    signature: Mapping[str, Located]
    nodes: Mapping[str, tuple[str, str]]
    fixing: str
    extremes: tuple[NDArray[np.float32], ...]
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def emit(
    model: ir.Model,
    table: Mapping[Key, Lowering],
    *,
    input_layout: LayoutRule = "nhwc",
    output_layout: LayoutRule = "nhwc",
    input_dtype: InputType = "float32",
    example: Mapping[str, Sequence[int]] | None = None,
) -> Emission:
    """Build a TensorFlow function that computes the model.

    Args:
        model: As `decant.graph.load` returns it.
        table: How each op is emitted: `operators_files.lowerings_with` gives those there are.
        input_layout: "nhwc" puts the channels of spatial inputs last; "keep" keeps ONNX's order.
        output_layout: Likewise for outputs.
        input_dtype: "uint8" makes float inputs take bytes and casts them.
        example: Sizes that inputs may have, in ONNX axis order, for messages.

    Raises:
        UnsupportedOp: If nodes cannot be emitted; the message lists all of them.
    """
    rules = SignatureRules(input_layout, output_layout, input_dtype)
    fixing = fixing_advice(model.graph.inputs, example or {})
    return _Emitter(expand(model, table), rules, table, fixing).run()


class _BranchRefused(Exception):
    """A branch holds a node that cannot be emitted, which is listed already."""


class _Emitter:
    """Walks the graph once, inside the trace of a tf.function."""

    def __init__(
        self, model: ir.Model, rules: SignatureRules, table: Mapping[Key, Lowering], fixing: str
    ) -> None:
        self.model = model
        self.graph = model.graph
        self.rules = rules
        self.table = table
        self.fixing = fixing
        self.values: dict[ir.Value, AnyValue] = {}
        self.problems: list[Problem] = []
        self.layouts = signature_layouts(model.graph, rules)
        self.keys = signature_keys(
            [_name(value) for value in (*self.graph.inputs, *self.graph.outputs)]
        )

    def run(self) -> Emission:
        """Trace the function and gather what is known about it."""
        module = tf.Module()
        inputs = tuple(map(self._input_info, self.graph.inputs, self.layouts.inputs))
        specs = [
            tf.TensorSpec(info.shape, info.dtype, name=self.keys[info.name]) for info in inputs
        ]
        module.serve = tf.function(self._serve, input_signature=specs, autograph=False)
        function = module.serve.get_concrete_function()
        outputs = tuple(
            self._output_info(function, value, layout)
            for value, layout in zip(self.graph.outputs, self.layouts.outputs, strict=True)
        )
        tensors = locate(function.graph, self.graph, self.values)
        weights = dict(kept_apart())
        producers = {_name(v): v.producer() for v in (*self.graph.outputs, *self.graph.inputs)}
        signature = {
            info.name: located_in_signature(info, producers[info.name])
            for info in (*outputs, *inputs)
        }
        nodes = {
            scope_of(i): named(node, opset_of(self.model, node))
            for i, node in enumerate(self.graph)
        }
        return Emission(
            module, function, inputs, outputs, self.keys, tensors, signature, nodes, self.fixing,
            tuple(_extremes(function.graph, weights)), weights,
        )  # fmt: skip

    def _input_info(self, value: ir.Value, layout: Layout) -> TensorInfo:
        name = _name(value)
        if value.shape is None or value.dtype is None:
            raise UnsupportedOp(without_shape(name))
        sizes = [size if isinstance(size, int) else None for size in value.shape]
        shape = tuple(sizes[axis] for axis in axes_in_file(layout, len(sizes)))
        dtype = computed_dtype(value.dtype.numpy()).name
        if self.rules.input_dtype == "uint8" and dtype == "float32":
            dtype = "uint8"
        return TensorInfo(name=name, shape=shape, dtype=dtype, layout=layout)

    def _output_info(self, function: Any, value: ir.Value, layout: Layout) -> TensorInfo:
        spec = function.structured_outputs[self.keys[_name(value)]]
        return TensorInfo(
            name=_name(value),
            shape=tuple(spec.shape.as_list()),
            dtype=spec.dtype.name,
            layout=layout,
        )

    def _serve(self, *tensors: Any) -> dict[str, Any]:
        layouts = self.layouts
        for value, tensor, layout in zip(self.graph.inputs, tensors, layouts.inputs, strict=True):
            self.values[value] = self._enter(value, tensor, layout)
        self.emit_nodes()
        if self.problems:
            raise report(self.problems)
        leaving = zip(self.graph.outputs, layouts.outputs, strict=True)
        return {self.keys[_name(value)]: self._leave(value, layout) for value, layout in leaving}

    def emit_nodes(self) -> None:
        """Emit constants and nodes; the inputs have their values."""
        for value in self.graph.initializers.values():
            if value.const_value is not None:
                self.values[value] = Constant(value.const_value.numpy())
        for index, node in enumerate(self.graph):
            with tf.name_scope(scope_of(index)):
                self._emit_node(node)

    def _enter(self, value: ir.Value, tensor: Any, layout: Layout) -> Value:
        if tensor.dtype == tf.uint8 and value.dtype is not ir.DataType.UINT8:
            tensor = tf.cast(tensor, tf.float32)
        return Value.laid_out(tensor, axes_in_file(layout, len(tensor.shape)))

    def _leave(self, value: ir.Value, layout: Layout) -> Any:
        result = self.values[value]
        tensor = result.arrange(*((axis,) for axis in axes_in_file(layout, result.rank)))
        return tf.identity(tensor, name=self.keys[_name(value)])

    def _emit_node(self, node: ir.Node) -> None:
        inputs = [None if v is None else self.values.get(v) for v in node.inputs]
        known = [
            v is None or value is not None for v, value in zip(node.inputs, inputs, strict=True)
        ]
        opset = opset_of(self.model, node)
        lowering = registry.find(self.table, node.domain, node.op_type, opset)
        if lowering is None and not all(isinstance(x, Constant) for x in inputs):
            self._refuse(node, no_lowering(node, opset))
        elif all(known):
            self._set_outputs(node, lowering, inputs)
        else:
            self._stand_in(node)

    def _set_outputs(
        self, node: ir.Node, lowering: Lowering | None, inputs: Sequence[AnyValue | None]
    ) -> None:
        try:
            results = self._results(node, lowering, inputs)
        except Refused as refused:
            self._refuse(node, refused)
            return
        except _BranchRefused:
            self._stand_in(node)
            return
        except Exception as error:
            logger.debug("%s cannot be emitted", node.name, exc_info=error)
            self._refuse(node, failure(node, error, lowering))
            return
        for value, result in zip(node.outputs, results, strict=False):
            self.values[value] = result

    def _results(
        self, node: ir.Node, lowering: Lowering | None, inputs: Sequence[AnyValue | None]
    ) -> Sequence[AnyValue]:
        opset = opset_of(self.model, node)
        if inputs and all(x is None or isinstance(x, Constant) for x in inputs):
            arrays = [x.array if isinstance(x, Constant) else None for x in inputs]
            folded = evaluate(node, arrays)
            if folded is not None:
                return [Constant(np.asarray(array)) for array in folded]
        if lowering is None:
            raise no_lowering(node, opset)
        attributes = {name: self._attribute(a) for name, a in node.attributes.items()}
        results = lowering(inputs, attributes, tuple(_info(v) for v in node.outputs))
        return results if isinstance(results, tuple | list) else (results,)

    def _attribute(self, attribute: ir.Attr) -> Any:
        """An attribute as a plain Python or NumPy value; a branch as a function that emits it."""
        match attribute.type:
            case ir.AttributeType.TENSOR:
                return attribute.value.numpy()
            case ir.AttributeType.TENSORS:
                return [tensor.numpy() for tensor in attribute.value]
            case ir.AttributeType.GRAPH:
                return functools.partial(self._emit_branch, attribute.as_graph())
            case _:
                return attribute.value

    def _emit_branch(self, graph: ir.Graph, taken: Sequence[AnyValue]) -> list[AnyValue]:
        """Emit a closed branch where TensorFlow traces it, from what it takes."""
        branch = ir.Model(graph, ir_version=self.model.ir_version)
        inner = _Emitter(expand(branch, self.table), self.rules, self.table, self.fixing)
        inner.values.update(zip(inner.graph.inputs, map(inside_branch, taken), strict=True))
        inner.emit_nodes()
        self.problems += inner.problems
        if any(value not in inner.values for value in inner.graph.outputs):
            raise _BranchRefused
        return [inner.values[value] for value in inner.graph.outputs]

    def _refuse(self, node: ir.Node, refused: Refused | Fault) -> None:
        self.problems.append(problem(node, opset_of(self.model, node), refused, self.fixing))
        self._stand_in(node)

    def _stand_in(self, node: ir.Node) -> None:
        """Give the outputs zeros, so that the nodes after a refused one are looked at too."""
        for value in node.outputs:
            info = _info(value)
            fixed = info.shape is not None and None not in info.shape
            if fixed and info.dtype not in (None, TEXT):
                self.values[value] = Value.laid_out(tf.zeros(info.shape, info.dtype))


def _extremes(
    graph: Any, weights: Mapping[str, NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    for operation in graph.get_operations():
        array = weights.get(operation.name)
        if array is None and operation.type == "Const" and operation.outputs[0].dtype == tf.float32:
            array = tf.make_ndarray(operation.get_attr("value"))
        if array is None:
            continue
        # What `abs` does, too, with a copy of each weight.
        largest = max(
            np.fmax.reduce(array, None, initial=0), -np.fmin.reduce(array, None, initial=0)
        )
        if largest >= np.finfo(np.float32).max:
            yield array


def scope_of(index: int) -> str:
    """The name scope of what a node emits."""
    return f"n{index}"


def _name(value: ir.Value) -> str:
    if not value.name:
        raise UnsupportedOp("an input or output of the model has no name; export it again")
    return value.name


def signature_keys(names: Sequence[str]) -> dict[str, str]:
    """Give every name a key that TensorFlow accepts; names it accepts are their own key."""
    keys: dict[str, str] = {}
    for name in names:
        key = re.sub(r"\W", "_", name, flags=re.ASCII)
        key = key if key[:1].isalpha() else f"t{key}"
        while key in {v for k, v in keys.items() if k != name}:
            key += "_"
        keys[name] = key
    return keys


def _info(value: ir.Value) -> OutputInfo:
    shape = None
    if value.shape is not None:
        shape = tuple(size if isinstance(size, int) else None for size in value.shape)
    dtype = computed_dtype(value.dtype.numpy()).name if value.dtype else None
    return OutputInfo(value.name or "", shape, dtype)
