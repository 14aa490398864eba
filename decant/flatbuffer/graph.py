"""Reads, edits and writes the graph in a `.tflite` flatbuffer through its object API."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from decant.errors import DataError

from .packing import FILE_IDENTIFIER, listed, pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

OPERATOR_NAMES: dict[int, str] = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}
TENSOR_DTYPES: dict[int, np.dtype[Any]] = {
    schema.TensorType.FLOAT32: np.dtype(np.float32),
    schema.TensorType.FLOAT16: np.dtype(np.float16),
    schema.TensorType.INT32: np.dtype(np.int32),
    schema.TensorType.INT64: np.dtype(np.int64),
    schema.TensorType.UINT8: np.dtype(np.uint8),
    schema.TensorType.INT8: np.dtype(np.int8),
    schema.TensorType.INT16: np.dtype(np.int16),
    schema.TensorType.BOOL: np.dtype(np.bool_),
}
TYPE_CODES = {dtype: code for code, dtype in TENSOR_DTYPES.items()}

FLOAT32 = np.dtype(np.float32)
# What the flatbuffer reader raises on an offset that leads nowhere.
LOWEST_RUNTIME = "min_runtime_version"
UNREADABLE = (AttributeError, IndexError, TypeError, ValueError, struct.error)


class Graph:
    """A subgraph of a `.tflite` file, by default the main one, with the few edits rewrites need.

    Operators are the schema's `OperatorT`, tensors are indices into `tensors`.
    """

    def __init__(self, model: Any, number: int = 0) -> None:
        self.model = model
        self.subgraph = model.subgraphs[number]

    @classmethod
    def from_bytes(cls, content: bytes, source: str = "the model") -> Graph:
        """Parse a flatbuffer.

        Raises:
            DataError: `content` is not a whole TFLite flatbuffer.
        """
        if content[4:8] != FILE_IDENTIFIER:
            raise DataError(
                f"{source} is not a TFLite file: bytes 4 to 8 are {content[4:8]!r}, not"
                f" {FILE_IDENTIFIER!r}; give a .tflite that decant convert has made"
            )
        try:
            return cls(flatbuffer_utils.read_model_from_bytearray(bytearray(content)))
        except UNREADABLE as error:
            raise DataError(
                f"{source} is a damaged TFLite file ({type(error).__name__}: {error}). Write it"
                " again with `decant convert`."
            ) from error

    @classmethod
    def from_file(cls, path: Path) -> Graph:
        """Read and parse a `.tflite` file.

        Raises:
            DataError: The file cannot be read or is not a whole TFLite flatbuffer.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
        return cls.from_bytes(content, source=str(path))

    def to_bytes(self) -> bytes:
        """Serialise; the same graph always gives the same bytes."""
        return pack(self.model)

    @property
    def operators(self) -> list[Any]:
        """Operators in execution order."""
        return self.subgraph.operators  # type: ignore[no-any-return]

    @property
    def inputs(self) -> list[int]:
        """Tensors that the caller fills."""
        return [int(index) for index in self.subgraph.inputs]

    @property
    def outputs(self) -> list[int]:
        """Tensors that the caller reads."""
        return [int(index) for index in self.subgraph.outputs]

    def signature_inputs(self) -> dict[str, int]:
        """Map the signature's input names, in its order, to tensors."""
        return self._signature("inputs", self.inputs)

    def signature_outputs(self) -> dict[str, int]:
        """Map the signature's output names, in its order, to tensors."""
        return self._signature("outputs", self.outputs)

    def set_outputs(self, tensors: Mapping[str, int]) -> None:
        """Make tensors the outputs, in the graph and, under their names, in its signature."""
        self.subgraph.outputs = list(tensors.values())
        for signature in listed(self.model.signatureDefs):
            if signature.subgraphIndex == 0:
                signature.outputs = [_entry(name, tensor) for name, tensor in tensors.items()]

    def replace_input(self, old: int, new: int) -> None:
        """Let the caller fill another tensor, in the graph and in its signature."""
        self.subgraph.inputs = [new if tensor == old else tensor for tensor in self.inputs]
        for signature in listed(self.model.signatureDefs):
            if signature.subgraphIndex == 0:
                for entry in listed(signature.inputs):
                    entry.tensorIndex = new if entry.tensorIndex == old else entry.tensorIndex

    def _signature(self, side: str, tensors: list[int]) -> dict[str, int]:
        for signature in listed(self.model.signatureDefs):
            if signature.subgraphIndex == 0:
                maps = listed(getattr(signature, side))
                return {text(entry.name): int(entry.tensorIndex) for entry in maps}
        return {self.name(tensor): tensor for tensor in tensors}

    def ensure_signature(self) -> None:
        """Give a file without signatures one under its tensors' names.

        litert-quantizer renames the tensors at the border and keeps only signatures' names.
        """
        if listed(self.model.signatureDefs):
            return
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs = [_entry(self.name(tensor), tensor) for tensor in self.inputs]
        signature.outputs = [_entry(self.name(tensor), tensor) for tensor in self.outputs]
        self.model.signatureDefs = [signature]

    def kind(self, operator: Any) -> str:
        """Return the schema's name of an operator, such as "CONV_2D", or a custom one's own."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        if code.customCode:
            return text(code.customCode)
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        return OPERATOR_NAMES.get(number, f"BUILTIN_{number}")

    def histogram(self) -> dict[str, int]:
        """Count the operators of each kind."""
        return dict(sorted(Counter(self.kind(op) for op in self.operators).items()))

    @property
    def lowest_runtime(self) -> str | None:
        """The oldest runtime with all operators of the file, such as "2.3.0".

        TensorFlow's converter states it in the file's metadata; None where nobody has.
        """
        for entry in self.model.metadata or ():
            if text(entry.name) == LOWEST_RUNTIME:
                data = self.model.buffers[entry.buffer].data
                return None if data is None else bytes(data).rstrip(b"\0").decode() or None
        return None

    def forget_lowest_runtime(self) -> None:
        """Drop what is stated of the oldest runtime: the operators have changed since."""
        kept = [e for e in listed(self.model.metadata) if text(e.name) != LOWEST_RUNTIME]
        self.model.metadata = kept

    def name(self, tensor: int) -> str:
        """Return a tensor's name."""
        return text(self.subgraph.tensors[tensor].name)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return a tensor's sizes; a free size is -1."""
        described = self.subgraph.tensors[tensor]
        signature = described.shapeSignature
        sizes = described.shape if signature is None else signature
        return () if sizes is None else tuple(int(size) for size in sizes)

    def copy_shape(self, other: Graph, theirs: int, ours: int) -> None:
        """Give a tensor the sizes, free ones included, of a tensor in another graph."""
        known = other.subgraph.tensors[theirs]
        tensor = self.subgraph.tensors[ours]
        tensor.shape, tensor.shapeSignature = known.shape, known.shapeSignature

    def dtype(self, tensor: int) -> np.dtype[Any]:
        """Return a tensor's element type."""
        code = self.subgraph.tensors[tensor].type
        if code not in TENSOR_DTYPES:
            raise DataError(f"tensor {self.name(tensor)!r} has element type {code}, not readable")
        return TENSOR_DTYPES[code]

    def is_float(self, tensor: int) -> bool:
        """Whether a tensor holds float32."""
        return bool(self.subgraph.tensors[tensor].type == schema.TensorType.FLOAT32)

    def is_int8(self, tensor: int) -> bool:
        """Whether a tensor holds int8."""
        return bool(self.subgraph.tensors[tensor].type == schema.TensorType.INT8)

    def is_quantized(self, tensor: int) -> bool:
        """Whether a tensor holds int8 or int16, as quantized activations do."""
        kinds = (schema.TensorType.INT8, schema.TensorType.INT16)
        return self.subgraph.tensors[tensor].type in kinds

    def is_uint8(self, tensor: int) -> bool:
        """Whether a tensor holds uint8."""
        return bool(self.subgraph.tensors[tensor].type == schema.TensorType.UINT8)

    def scale(self, tensor: int) -> float | None:
        """Return the step of a tensor whose integers share one, else None."""
        parameters = self.subgraph.tensors[tensor].quantization
        scales = [] if parameters is None else listed(parameters.scale)
        return float(scales[0]) if len(scales) == 1 else None

    def check_float(self, source: object) -> None:
        """Refuse a file that is quantized.

        Args:
            source: Names the file.

        Raises:
            DataError: If it is.
        """
        tensor = self.quantized()
        if tensor is not None:
            raise DataError(
                f"{source} is quantized already (tensor {tensor!r}); give the float file that it "
                "was made from"
            )

    def quantized(self) -> str | None:
        """Name a tensor that holds float16 or scaled integers; None in a float file."""
        for index, tensor in enumerate(self.subgraph.tensors):
            parameters = tensor.quantization
            scaled = parameters is not None and listed(parameters.scale)
            if tensor.type == schema.TensorType.FLOAT16 or scaled:
                return self.name(index)
        return None

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """Return the value stored for a tensor, or None when it is computed."""
        if tensor < 0:
            return None
        described = self.subgraph.tensors[tensor]
        data = self.model.buffers[described.buffer].data
        if data is None or len(data) == 0:
            return None
        flat = np.frombuffer(bytes(data), self.dtype(tensor))
        return flat.reshape([] if described.shape is None else list(described.shape))

    def writers(self) -> dict[int, Any]:
        """Map each tensor that is computed to the operator that writes it."""
        return {int(tensor): each for each in self.operators for tensor in each.outputs}

    def readers(self) -> dict[int, list[Any]]:
        """Map each tensor to the operators that read it."""
        found: dict[int, list[Any]] = {}
        for operator in self.operators:
            for tensor in dict.fromkeys(int(index) for index in operator.inputs):
                found.setdefault(tensor, []).append(operator)
        return found

    def add_constant(self, name: str, value: NDArray[Any]) -> int:
        """Store a value; returns its tensor."""
        tensor = self.add_tensor(name, value.shape, value.dtype)
        self.store(tensor, value)
        return tensor

    def add_tensor(self, name: str, shape: Sequence[int], dtype: np.dtype[Any] = FLOAT32) -> int:
        """Declare a computed tensor under a name no other tensor has; returns it."""
        taken = {self.name(index) for index in range(len(self.subgraph.tensors))}
        unique, count = name, 1
        while unique in taken:
            unique, count = f"{name}_{count}", count + 1
        tensor = schema.TensorT()
        tensor.name = unique.encode()
        tensor.type = TYPE_CODES[np.dtype(dtype)]
        tensor.shape = [abs(int(size)) for size in shape]
        if any(size < 0 for size in shape):
            tensor.shapeSignature = [int(size) for size in shape]
        tensor.quantization = schema.QuantizationParametersT()
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def store(self, tensor: int, value: NDArray[Any]) -> None:
        """Make a tensor a constant of a value's type; the shape stays."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        self.set_dtype(tensor, value.dtype)
        self.subgraph.tensors[tensor].buffer = len(self.model.buffers) - 1

    def forget_constant(self, tensor: int) -> None:
        """Let a tensor that was a constant be computed."""
        self.subgraph.tensors[tensor].buffer = 0

    def set_dtype(self, tensor: int, dtype: np.dtype[Any]) -> None:
        """Declare the element type of a tensor."""
        self.subgraph.tensors[tensor].type = TYPE_CODES[np.dtype(dtype)]

    def rename(self, tensor: int, name: str) -> None:
        """Give a tensor another name."""
        self.subgraph.tensors[tensor].name = name.encode()

    def rename_duplicates(self) -> int:
        """Give tensors that share a name names of their own; returns how many were renamed.

        litert-quantizer keeps its parameters by tensor name.
        """
        seen: set[str] = set()
        count = 0
        for tensor in self.subgraph.tensors:
            name = unique = text(tensor.name)
            number = 1
            while unique in seen:
                unique, number = f"{name}_{number}", number + 1
            seen.add(unique)
            if unique != name:
                tensor.name, count = unique.encode(), count + 1
        return count

    def identify_integers(self, tensor: int) -> None:
        """Declare that the integers of a tensor stand for themselves: scale 1, zero point 0."""
        self.set_scales(tensor, [1.0], [0])

    def set_scales(
        self, tensor: int, scales: Iterable[float], zero_points: Iterable[int], axis: int = 0
    ) -> None:
        """Declare what the integers of a tensor stand for: (integer - zero point) scale.

        Args:
            tensor: Its number.
            scales: One, or one per index of `axis`.
            zero_points: As many.
            axis: Along which they lie.
        """
        parameters = schema.QuantizationParametersT()
        parameters.scale = [float(scale) for scale in scales]
        parameters.zeroPoint = [int(zero_point) for zero_point in zero_points]
        parameters.quantizedDimension = axis
        self.subgraph.tensors[tensor].quantization = parameters

    def operator(
        self,
        kind: str,
        inputs: Iterable[int],
        output: int,
        options: Any | None = None,
        version: int = 1,
    ) -> Any:
        """Make an operator.

        Args:
            kind: The schema's name.
            inputs: What it reads.
            output: What it makes.
            options: The schema's options object, if the kind has one.
            version: The least version of the kind that does this.
        """
        made = schema.OperatorT()
        made.opcodeIndex = self._opcode(getattr(schema.BuiltinOperator, kind))
        code = self.model.operatorCodes[made.opcodeIndex]
        code.version = max(code.version, version)
        made.inputs, made.outputs = list(inputs), [output]
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
        return made

    def replace(self, old: Any, new: Sequence[Any]) -> None:
        """Put operators where one operator was."""
        at = next(index for index, op in enumerate(self.operators) if op is old)
        self.subgraph.operators = [*self.operators[:at], *new, *self.operators[at + 1 :]]

    def _opcode(self, code: int) -> int:
        for index, known in enumerate(self.model.operatorCodes):
            if max(known.builtinCode, known.deprecatedBuiltinCode) == code:
                return index
        made = schema.OperatorCodeT()
        made.builtinCode = code
        made.deprecatedBuiltinCode = min(
            code, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
        )
        made.version = 1
        self.model.operatorCodes.append(made)
        return len(self.model.operatorCodes) - 1


def empty_graph(*inputs: Sequence[int]) -> Graph:
    """Begin a graph of float inputs of these shapes and no operator."""
    model, subgraph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    subgraph.tensors, subgraph.operators, subgraph.outputs = [], [], []
    model.subgraphs = [subgraph]
    graph = Graph(model)
    subgraph.inputs = [graph.add_tensor("x", shape) for shape in inputs]
    return graph


def _entry(name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), tensor
    return entry


def text(raw: bytes | str | None) -> str:
    """Read a name of the schema."""
    return raw.decode() if isinstance(raw, bytes) else raw or ""
