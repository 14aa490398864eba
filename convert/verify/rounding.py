"""Tells the rounding of single precision from a form of the model that computes something else.

Where two forms differ by more than the tolerance, the model is computed in double precision. A form
that agrees with that is right, whatever the one before it says. What is further off may still be
rounding, where the model amplifies it. That is known from what moves its answer as little as
rounding does: single precision, and double precision of inputs and weights that are moved by one
rounding each. Where these decide a near tie in another way, so may a form.
"""

from __future__ import annotations

import copy
import functools
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx
import onnx_ir as ir
from onnx_ir.passes import common

from decant.errors import UnsupportedOp
from decant.graph.load import keep_opsets_of_functions
from decant.isolation import run_in_child
from decant.parity import Parity, difference, finite_size, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Answers = Sequence[Sequence[Array]]
    Move: TypeAlias = "Callable[[Array], Array]"
    Sample = Mapping[str, Array]
    Moved: TypeAlias = "Callable[[], Sequence[Sequence[Array]] | None]"
    Precision: TypeAlias = "Callable[[int], Rounded | None]"
    """Takes the number of a sample; None where double precision cannot be had."""

logger = logging.getLogger(__name__)

TIME_LIMIT_S = 300
SHOWN = 8
ROUNDING = 2.0**-24
"""Of a number in single precision, relative to it, at most."""

MOVED = (1, 2, 4, 8)
"""By how many roundings inputs and weights are moved, one run each: a sum rounds more than once."""

CLEAR = 64
"""How many times nearer to another decision an element is where that is what it is."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """What a model computes for one sample.

    Attributes:
        exact: Its outputs in double precision.
        moved: Gives the same in runs that rounding moves; None where they cannot be had. They take
            five times as long, and are asked for only where a form is off double precision.
        quantized: Whether floats become integers on the way: a tie there, decided otherwise, moves
            all that comes behind, and no two runs decide all of them alike.
    """

    exact: Sequence[Array]
    moved: Moved
    quantized: bool = False

    def also(self, run: Sequence[Array]) -> Rounded:
        """With one more run that rounding moves."""
        moved = self.moved

        def more() -> Sequence[Sequence[Array]] | None:
            runs = moved()
            return None if runs is None else [*runs, run]

        return replace(self, moved=more)

    def judge(self, output: int, found: Array, size: float, parity: Parity) -> Parity | None:
        """Add to a distance how far from double precision it is, and how far rounding may go.

        Args:
            output: Its number.
            found: What the form computes.
            size: What an error is relative to.
            parity: The distance.

        Returns:
            None where the runs' shapes differ, or there are none.
        """
        exact = self.exact[output]
        if exact.shape != found.shape:
            return None
        off = difference(found, exact)
        largest = float(off.max(initial=0.0))
        if largest <= parity.tolerance * size:
            return parity.model_copy(update={"exact": ratio(largest, size)})
        runs = self.moved()
        moved = [] if runs is None else [run[output] for run in runs]
        if {run.shape for run in moved} != {exact.shape}:
            return None
        own = np.stack([difference(run, exact) for run in moved])
        nearest = np.min([difference(found, run) for run in moved], axis=0)
        least, usual = own.min(axis=0), np.median(own, axis=0)
        ties = (off > parity.tolerance * size) & (CLEAR * np.maximum(nearest, least) < off)
        off = np.where(ties, nearest, off)
        decided = CLEAR * least < usual
        own = np.where(ties | decided, least, usual) if not self.quantized else own.max(axis=0)
        update = {"ties": int(ties.sum()), **_distances(off, own, size)}
        return parity.model_copy(update=update)


def _distances(off: Array, own: Array, size: float) -> dict[str, float]:
    """Say how far a form is from double precision, and how far rounding may have taken it.

    Rounding of few elements explains no error of all: measured by the root mean square, rounding
    has to take the network as far in the same proportion.
    """
    largest, rounding = float(off.max(initial=0.0)), float(own.max(initial=0.0))
    if 0.0 < largest < np.inf and np.isfinite(rounding):
        rounding = min(rounding, largest * float(np.linalg.norm(own) / np.linalg.norm(off)))
    return {"exact": ratio(largest, size), "rounding": ratio(rounding, size)}


def judged(
    parities: Sequence[Parity], before: Answers, after: Answers, precision: Precision
) -> tuple[Parity, ...]:
    """Add to each distance over its tolerance how far from double precision the form is.

    Args:
        parities: One per output.
        before: What the form before computes: samples → outputs.
        after: What the form computes that is judged.
        precision: Computes a sample in double precision.
    """
    return tuple(
        parity if parity.within else _judged(i, parity, (before, after), precision)
        for i, parity in enumerate(parities)
    )


def _judged(
    output: int, parity: Parity, forms: tuple[Answers, Answers], precision: Precision
) -> Parity:
    """Judge each sample by itself: that one amplifies rounding excuses no error of another."""
    before, after = ([answers[output] for answers in form] for form in forms)
    size = max(float(finite_size(array).max(initial=0.0)) for array in before)
    found = []
    for number, (b, a) in enumerate(zip(before, after, strict=True)):
        if difference(a, b).max(initial=0.0) > parity.tolerance * size:
            rounded = precision(number)
            one = None if rounded is None else rounded.judge(output, a, size, parity)
            if one is None:
                return parity
            found.append(one)
    return max(found, key=lambda each: (not each.passed, each.exact), default=parity)


def of_module(network: torch.nn.Module, sample: Sample) -> Rounded | None:
    """Run a module in both precisions; None where it has no double precision."""
    from ..export.pytorch import run_torch

    row = list(sample.values())
    wide = [_widened(array) for array in row]

    def moved() -> list[list[Array]]:
        inputs = ([move(array) for array in wide] for move in moves())
        networks = (_moved_module(network, move) for move in moves())
        return [run_torch(network, row), *map(run_torch, networks, inputs)]

    found = _had(lambda: run_torch(copy.deepcopy(network).double(), wide))
    return None if found is None else Rounded(found, _once(moved))


def _once(compute: Callable[[], Any]) -> Callable[[], Any]:
    """What is computed where it is first asked for, or None where that cannot be had."""
    return functools.cache(lambda: _had(compute))


def _had(compute: Callable[[], Any]) -> Any:
    """What is computed, or None where that cannot be had."""
    try:
        return compute()
    except Exception as error:
        logger.debug("no double precision", exc_info=error)
        return None


def _moved_module(network: torch.nn.Module, move: Move) -> torch.nn.Module:
    import torch

    double = copy.deepcopy(network).double()
    with torch.no_grad():
        for weight in (*double.parameters(), *double.buffers()):
            weight.copy_(torch.from_numpy(np.asarray(move(weight.numpy()))))
    return double


def of_onnx(path: Path, sample: Sample) -> Rounded | None:
    """Run an ONNX file in both precisions by ONNX's own reference; None where that cannot."""

    def child(function: Callable[..., Any]) -> Any:
        return run_in_child(function, (path, dict(sample)), timeout_s=TIME_LIMIT_S)

    found = _had(lambda: child(_exact_onnx))
    if found is None:
        return None
    exact, quantizes = found
    return Rounded(exact, _once(lambda: child(_moved_onnx)), quantizes)


def _exact_onnx(path: Path, sample: dict[str, Array]) -> tuple[list[Array], bool]:
    from .evaluator import Evaluator

    proto = inlined(path)
    return Evaluator(proto, double=True).run(sample, _outputs(proto)), _quantizes(proto)


def _moved_onnx(path: Path, sample: dict[str, Array]) -> list[list[Array]]:
    from .evaluator import Evaluator

    proto = inlined(path)
    outputs, quantizes = _outputs(proto), _quantizes(proto)
    moved = [Evaluator(proto, double=False).run(sample, outputs)]
    double = Evaluator(proto, double=True)
    for move in moves():
        # Of one dimension are sizes and scales, too, of which one rounding changes a shape.
        weights = {n: move(x) if x.ndim > 1 else x for n, x in double.weights.items()}
        inputs = {name: move(double.taken(array)) for name, array in sample.items()}
        moved.append(double.run(inputs, outputs, weights, move if quantizes else None))
    return moved


def _outputs(proto: onnx.ModelProto) -> list[str]:
    return [output.name for output in proto.graph.output]


def _quantizes(proto: onnx.ModelProto) -> bool:
    from .evaluator import QUANTIZERS

    return any(node.op_type in QUANTIZERS for node in proto.graph.node)


def inlined(path: Path) -> onnx.ModelProto:
    """Load a model with its weights, without local functions.

    Raises:
        UnsupportedOp: A node of a function means something else in the model's own operator set,
            and a file states but one.
    """
    model = ir.load(path)
    keep_opsets_of_functions(model)
    nodes = (node for function in model.functions.values() for node in function.all_nodes())
    changed = [node for node in nodes if _changed_since(node, model.opset_imports)]
    if changed:
        raise UnsupportedOp(
            f"{path}: {changed[0].op_type} of opset {changed[0].version} is inside a function, and"
            " another one in the model's own opset; convert the function to that opset to have the"
            " model computed in double precision"
        )
    common.InlinePass()(model)
    return ir.serde.serialize_model(model)


def _changed_since(node: ir.Node, opsets: Mapping[str, int]) -> bool:
    """Whether a node that says which opset it is of is another operator in the model's."""
    if node.version is None:
        return False
    versions = (node.version, opsets[node.domain])
    try:
        one, other = (onnx.defs.get_schema(node.op_type, each, node.domain) for each in versions)
    except onnx.defs.SchemaError:
        return True
    return one.since_version != other.since_version


def moves() -> Iterator[Move]:
    """Functions that move every double of an array by a few roundings of single precision."""
    for seed, count in enumerate(MOVED):
        yield functools.partial(_moved, np.random.default_rng(seed), count * ROUNDING)


def _moved(random: np.random.Generator, largest: float, array: Array) -> Array:
    if array.dtype != np.float64:
        return array
    return array * (1 + random.uniform(-largest, largest, array.shape))


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def told(parities: Sequence[Parity]) -> list[str]:
    """Say which distances over the tolerance are rounding, and how that is known."""
    by_hop: dict[str, list[Parity]] = {}
    for parity in parities:
        if parity.is_rounding:
            by_hop.setdefault(parity.hop, []).append(parity)
    return [_told(hop, found) for hop, found in by_hop.items()]


def _told(hop: str, found: Sequence[Parity]) -> str:
    """Say it of one hop."""
    names = ", ".join(parity.output for parity in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    text = (
        f"{hop}: {names}{more} differ by up to {_largest(found, 'max_relative'):.2g}, which is"
        " rounding"
    )
    exact = f"{_largest(found, 'exact'):.2g} off what the network gives in double precision"
    off = f"the later form is {exact}"
    if rounding := _largest(found, "rounding"):
        one = f"one rounding ({ROUNDING:.0e})"
        text += f": the network itself turns {one} into {rounding:.2g}, and {off}"
    elif all(parity.exact is not None for parity in found):
        text += f": {off}"
    if step := _largest(found, "step"):
        text += f"; each of its steps by itself is at most {step:.2g} off"
    if ties := sum(parity.ties for parity in found):
        text += f"; {ties} elements are decided otherwise at ties that one rounding decides"
    return text


def _largest(found: Sequence[Parity], name: str) -> float:
    return max(getattr(parity, name) or 0.0 for parity in found)
