"""Spoils ONNX models, in their bytes or in what they say, the same way for the same seed."""

from __future__ import annotations

import random

import onnx

NUMBERS = (-(2**63), -1, 0, 1, 2, 7, 2**31, 2**62)
SIZES = (-1, 0, 1, 2, 3, 17, 2**31, 2**62)
OPERATORS = (
    "Add",
    "Concat",
    "Conv",
    "Gemm",
    "If",
    "Loop",
    "LSTM",
    "Nothing",
    "Resize",
    "Slice",
    "",
)
OPSETS = (0, 1, 6, 9, 13, 21, 99, -1)


def mutated(content: bytes, seed: int) -> bytes:
    """Spoil a model: every third in its bytes, the others in up to three of its statements."""
    rng = random.Random(seed)
    if seed % 3 == 0:
        return _spoiled_bytes(content, rng)
    model = onnx.ModelProto.FromString(content)
    for _ in range(rng.randint(1, 3)):
        rng.choice(CHANGES)(model, rng)
    return model.SerializeToString()


def _spoiled_bytes(content: bytes, rng: random.Random) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(spoiled))
        match rng.randrange(4):
            case 0:
                spoiled[at] = rng.choice((0, 1, 127, 128, 255))
            case 1:
                spoiled[at] ^= 1 << rng.randrange(8)
            case 2:
                del spoiled[at : at + rng.randint(1, 8)]
            case _:
                spoiled[at:at] = rng.randbytes(rng.randint(1, 4))
    return bytes(spoiled[: rng.randrange(len(spoiled))] if rng.random() < 0.05 else spoiled)


def _node(model: onnx.ModelProto, rng: random.Random) -> onnx.NodeProto:
    return rng.choice(model.graph.node)


def _tensor(model: onnx.ModelProto, rng: random.Random) -> onnx.TypeProto.Tensor:
    graph = model.graph
    return rng.choice([*graph.input, *graph.output, *graph.value_info]).type.tensor_type


def _names(model: onnx.ModelProto) -> list[str]:
    made = [name for node in model.graph.node for name in node.output]
    return ["", "nothing", *made, *(value.name for value in model.graph.input)]


def _other_attribute(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if not node.attribute:
        return
    attribute = rng.choice(node.attribute)
    attribute.i, attribute.f = rng.choice(NUMBERS), rng.choice((0.0, -1.0, 1e38, float("nan")))
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)


def _no_attribute(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node.attribute:
        del node.attribute[rng.randrange(len(node.attribute))]


def _other_input(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    if node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(_names(model))


def _other_output(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng)
    node.output[rng.randrange(len(node.output))] = rng.choice(_names(model))


def _other_size(model: onnx.ModelProto, rng: random.Random) -> None:
    dims = _tensor(model, rng).shape.dim
    if dims:
        rng.choice(dims).dim_value = rng.choice(SIZES)


def _free_size(model: onnx.ModelProto, rng: random.Random) -> None:
    dims = _tensor(model, rng).shape.dim
    if dims:
        rng.choice(dims).dim_param = rng.choice(("", "?", "N", "-1"))


def _other_rank(model: onnx.ModelProto, rng: random.Random) -> None:
    dims = _tensor(model, rng).shape.dim
    if dims and rng.random() < 0.5:
        del dims[0]
    else:
        dims.add().dim_value = rng.choice((0, 1, 2, 3))


def _other_type(model: onnx.ModelProto, rng: random.Random) -> None:
    _tensor(model, rng).elem_type = rng.randrange(27)


def _other_operator(model: onnx.ModelProto, rng: random.Random) -> None:
    _node(model, rng).op_type = rng.choice(OPERATORS)


def _twice(model: onnx.ModelProto, rng: random.Random) -> None:
    model.graph.node.append(_node(model, rng))


def _other_opset(model: onnx.ModelProto, rng: random.Random) -> None:
    model.opset_import[0].version = rng.choice(OPSETS)


CHANGES = (
    *(_other_attribute, _no_attribute, _other_input, _other_output, _other_size, _free_size),
    *(_other_rank, _other_type, _other_operator, _twice, _other_opset),
)
