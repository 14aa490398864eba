"""Checks of the graph: float islands, what XNNPACK leaves, and masking constants."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .check import Check, Found
from .partitions import SCALINGS
from .subject import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .findings import Place
    from .subject import Subject

# Of which XNNPACK makes one table of 256 entries where they stand between int8 values.
UNARY = frozenset(
    {"ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG"}
    | {"LOGISTIC", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT"}
    | {"SQUARE", "TANH"}
)
# Operators that a masking constant does its work in; what a MINIMUM or MAXIMUM takes is a bound.
MASKING = frozenset(
    {"ADD", "CONCATENATION", "DIV", "FILL", "MUL", "PACK", "PADV2", "SELECT", "SELECT_V2", "SUB"}
    | {"SCATTER_ND", "WHERE"}
)
# No value that a network computes with; e^-100 is 0 in float16 and next to it in float32.
MASK = 1e4


INT8_FILE = "the static int8 file"
UNLIKE = (
    "XNNPACK has no int8 {} of operands whose steps are so unlike, such as a sum with a tiny"
    " constant: keep it float (`keep_float`), where it joins a float operator behind it"
)
CURES = {
    **{kind: UNLIKE.format(kind) for kind in ("ADD", "MUL", "SUB")},
    **{kind: "keep the operators beside it float (`keep_float`)" for kind in SCALINGS},
}
"""What there is to do about operators that XNNPACK leaves in int8 alone."""


@dataclass(frozen=True, slots=True)
class Island:
    """Float operators that read each other's results, between int8 ones.

    Attributes:
        operators: In the file's order.
        entries: Activations that are read from int8, each behind a DEQUANTIZE.
        exits: Activations that int8 operators read, each before a QUANTIZE.
    """

    operators: tuple[Any, ...]
    entries: int
    exits: int


def islands(subject: Subject) -> list[Island]:
    """Find the float islands of the static int8 form."""
    chained = {id(op): [op] for op in subject.graph.operators if not _is_int8(subject, op)}
    for operator in subject.graph.operators:
        for tensor in _activations(subject, operator.inputs):
            writer = subject.writers.get(tensor)
            if writer is not None and id(operator) in chained and id(writer) in chained:
                mine, theirs = chained[id(operator)], chained[id(writer)]
                if mine is not theirs:
                    theirs.extend(mine)
                    chained.update({id(each): theirs for each in mine})
    order = {id(operator): at for at, operator in enumerate(subject.graph.operators)}
    groups = {id(group): group for group in chained.values()}.values()
    parts = [sorted(group, key=lambda each: order[id(each)]) for group in groups]
    return sorted((_island(subject, part) for part in parts), key=lambda each: _first(each, order))


def _first(island: Island, order: Mapping[int, int]) -> int:
    return order[id(island.operators[0])]


def _is_int8(subject: Subject, operator: Any) -> bool:
    """Whether an operator is int8, or has to do with no floats at all."""
    floats = _activations(subject, [*operator.inputs, *operator.outputs])
    return subject.is_static(operator) or not floats


def _activations(subject: Subject, tensors: Sequence[int]) -> list[int]:
    indices = dict.fromkeys(int(index) for index in tensors if int(index) >= 0)
    return [
        each for each in indices if subject.graph.is_float(each) and subject.constant(each) is None
    ]


def _island(subject: Subject, operators: Sequence[Any]) -> Island:
    inside = {id(operator) for operator in operators}
    read = dict.fromkeys(
        tensor for each in operators for tensor in _activations(subject, each.inputs)
    )
    written = [tensor for each in operators for tensor in _activations(subject, each.outputs)]
    entries = [
        tensor
        for tensor in read
        if (writer := subject.writers.get(tensor)) is not None
        and id(writer) not in inside
        and subject.is_static(writer)
    ]
    exits = [
        tensor
        for tensor in written
        if any(subject.is_static(reader) for reader in subject.readers.get(tensor, ()))
    ]
    return Island(tuple(operators), len(entries), len(exits))


def float_islands(subject: Subject) -> Iterator[Found]:
    """Find float operators between int8 ones, by the kinds that an island is made of."""
    alike: dict[tuple[str, ...], list[Island]] = {}
    for island in islands(subject):
        if island.entries and island.exits:
            kinds = tuple(subject.graph.kind(operator) for operator in island.operators)
            alike.setdefault(kinds, []).append(island)
    found = [_told(subject, kinds, group) for kinds, group in alike.items()]
    yield from sorted(found, key=lambda each: (each.severity == "info", -each.figures["borders"]))


def _told(subject: Subject, kinds: tuple[str, ...], group: Sequence[Island]) -> Found:
    entries, exits = (sum(getattr(each, side) for each in group) for side in ("entries", "exits"))
    table = all(kind in UNARY for kind in kinds) and entries == exits == len(group)
    kept = "; XNNPACK makes a table of 256 entries of it, as fast as int8" if table else ""
    often = f"{len(group)} times " if len(group) > 1 else ""
    places = tuple(_place_of(subject, island) for island in group)
    return Found(
        f"{often}{_counted(kinds)} between int8 operators: {entries} DEQUANTIZE and {exits}"
        f" QUANTIZE{kept}",
        {"islands": len(group), "operators": len(group) * len(kinds)}
        | {"borders": entries + exits},
        places,
        severity="info" if table else "warning",
        cure="nothing has to be done; LiteRT before 2.3 computes them in float" if table else None,
    )


def _place_of(subject: Subject, island: Island) -> Place:
    return subject.place_of(island.operators[0])


def _counted(kinds: Sequence[str]) -> str:
    counts = Counter(kinds)
    return ", ".join(kind if n == 1 else f"{n} {kind}" for kind, n in counts.items())


def no_int8(subject: Subject) -> Iterator[Found]:
    """Find models of which nothing becomes static int8."""
    if not any(subject.is_static(operator) for operator in subject.graph.operators):
        kinds = ", ".join(sorted(subject.graph.histogram()))
        yield Found(f"none of its kinds of operators ({kinds}) computes with int8 activations")


def outside_delegate(subject: Subject) -> Iterator[Found]:
    """Find operators that XNNPACK does not take, in float and in int8."""
    found = subject.partitions
    real = found.real.operators
    yield from _left(subject, "the float file", real, found.real.partitions)
    if found.int8 is None:
        return
    known = {subject.graph.name(tensor): tensor for tensor in subject.writers}
    floats = Counter(real.values())
    left = {
        name: kind
        for name, kind in found.int8.operators.items()
        if floats.get(kind, 0) < Counter(found.int8.operators.values())[kind]
    }
    named = {_origin(name, known): kind for name, kind in left.items()}
    yield from _left(subject, INT8_FILE, named, found.int8.partitions)


def _origin(name: str, known: Mapping[str, int]) -> str:
    """Give the float file's name of a tensor that the quantizer has named after it."""
    fitting = [each for each in known if name.startswith(each)]
    return max(fitting, key=len, default=name)


def _left(
    subject: Subject, file: str, operators: Mapping[str, str], partitions: int
) -> Iterator[Found]:
    known = {subject.graph.name(tensor): tensor for tensor in subject.writers}
    for kind, count in Counter(operators.values()).most_common():
        names = [name for name, each in operators.items() if each == kind]
        places = tuple(subject.place(known[name]) for name in names if name in known)
        yield Found(
            f"{count} {kind} of {file} run{'s' * (count == 1)} outside XNNPACK, which takes the"
            f" rest in {partitions} part{'s' * (partitions != 1)}",
            {"operators": count, "partitions": partitions},
            places,
            cure=CURES.get(kind) if file == INT8_FILE else None,
        )


def refused(subject: Subject) -> Iterator[Found]:
    """Find that the quantizer or LiteRT does not take the model."""
    if subject.partitions.refusal:
        yield Found(subject.partitions.refusal)


def masking_constants(subject: Subject) -> Iterator[Found]:
    """Find constants that are so large, or infinite, that they take the scale of all values."""
    for operator in subject.graph.operators:
        if subject.graph.kind(operator) not in MASKING:
            continue
        for tensor in dict.fromkeys(int(index) for index in operator.inputs):
            value = subject.constant(tensor)
            if value is None or not (np.abs(value) >= MASK).any():
                continue
            yield _masked(subject, operator, value)


def _masked(subject: Subject, operator: Any, value: Any) -> Found:
    largest = float(value.ravel()[np.argmax(np.abs(value))])
    output = int(operator.outputs[0])
    rounded = output in subject.int8
    others = value[np.abs(value) < MASK]
    span = f" beside values up to {number(float(np.abs(others).max()))}" if others.any() else ""
    seen = subject.activations.get(output)
    after = ""
    if seen is not None and np.isfinite([seen.low, seen.high]).all() and rounded:
        step = (max(seen.high, 0) - min(seen.low, 0)) / 255
        after = f"; it leaves steps of {number(step)}"
    infinite = not np.isfinite(value).all()
    return Found(
        f"a constant of {number(largest)}{span} goes into it"
        + (f", and its result is int8 in the static file{after}" if rounded else ""),
        {} if infinite else {"constant": largest},
        (subject.place(output),),
        severity=("error" if infinite else "warning") if rounded else "info",
        cure=None if rounded else "its result stays float in the static file: nothing is lost",
    )


CHECKS = (
    Check(
        "quantizer-refuses",
        "error",
        "no static int8 file can be made",
        "keep the operators that the message names float (`keep_float`), or take `dynamic_int8`",
        refused,
        needs_samples=False,
    ),
    Check(
        "masking-constant",
        "warning",
        "masking constants",
        "mask with a number that is just large enough, such as -100 in front of a softmax, or keep"
        " the operator float (`keep_float`)",
        masking_constants,
        needs_samples=False,
    ),
    Check(
        "outside-delegate",
        "warning",
        "operators that XNNPACK does not take",
        "LiteRT's own kernels compute them, slower and on one thread, and the graph is cut there;"
        " write the layer in operators that XNNPACK has",
        outside_delegate,
        needs_samples=False,
    ),
    Check(
        "float-island",
        "warning",
        "float operators between int8 ones",
        "decant keeps them float, which is right, and measures whether the borders cost more than"
        " int8 gains: `decant quantize` makes a dynamic int8 file without them",
        float_islands,
        needs_samples=False,
    ),
    Check(
        "no-int8",
        "info",
        "nothing to quantize",
        "take `float16` for a smaller file",
        no_int8,
        needs_samples=False,
    ),
)
