"""Words what cannot be converted: which node, its op and settings, why, and what to do next."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir
import tensorflow as tf

from decant.errors import DecantError, InternalError, UnsupportedOp
from decant.free_sizes import Shape, plausible
from decant.graph.control_flow import DOMAIN as CLOSED
from decant.graph.load import stated_shapes
from decant.shapes import options_of
from decant.user_code import fault

from ..layout.refused import FIXED_SIZES, FreeSize, Refused
from .registry import OLDEST_OPSET, Lowering

REGISTER_ADVICE = (
    "replace the op before the export, or write its lowering (`@op`, see docs/how-to/own-op.md)"
    " in an operators file and give it with --operators FILE"
)
UPGRADE_ADVICE = (
    "export it again, or upgrade the file: "
    'onnx.save(onnx.version_converter.convert_version(onnx.load("old.onnx"), 18), "new.onnx")'
)
FAILURE_ADVICE = (
    "write its lowering (`@op`, see docs/how-to/own-op.md) in an operators file and give it with"
    " --operators FILE, or report this to decant with the node"
)
LACKS_ADVICE = (
    "replace the op before the export, write its lowering in ops that TFLite has (`@op`, see"
    " docs/how-to/own-op.md), or keep TensorFlow's with --allow-flex"
)
RUN_ADVICE = "replace the op, or this setting of it, before the export"
OWN_FAULT = "this is a fault of decant's own"
ELEMENTS_SHOWN = 8
NAMES_SHOWN = 8
ROWS_SHOWN = 20
WIDTH_SHOWN = 300


def no_lowering(node: ir.Node, opset: int) -> Refused:
    """What a node gets whose op nobody registered at this opset."""
    if node.domain == "" and opset < OLDEST_OPSET:
        return Refused(f"decant reads opset {OLDEST_OPSET} and newer", UPGRADE_ADVICE)
    return Refused("decant has no lowering for this op", REGISTER_ADVICE)


def failure(node: ir.Node, error: Exception, lowering: Lowering | None) -> Refused | Fault:
    """What stands for an error that was raised while a node was emitted.

    What the user's own lowering raises is the user's to correct, and what TensorFlow refuses no
    lowering can emit; anything else is a fault of decant's own.
    """
    settings = _settings(node)
    if lowering is not None and lowering.is_user_code:
        return Refused(f"its lowering raised {fault(error)}", "correct it", *settings)
    lines = str(error).strip().splitlines()
    reason = lines[0][:WIDTH_SHOWN] if lines else "no reason given"
    if isinstance(error, tf.errors.OpError) or _raised_by_tensorflow(error):
        return Refused(f"TensorFlow refuses it ({reason})", FAILURE_ADVICE, *settings)
    return Fault(f"{type(error).__name__}: {reason}", error)


def _raised_by_tensorflow(error: Exception) -> bool:
    frames = list(traceback.walk_tb(error.__traceback__))
    last = frames[-1][0].f_globals.get("__name__", "") if frames else ""
    return str(last).split(".")[0] in ("tensorflow", "keras", "tf_keras")


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake of decant's own in emitting a node.

    Attributes:
        why: What was raised.
        error: The exception.
    """

    why: str
    error: Exception


def _short(attribute: ir.Attr) -> str:
    """An attribute's value in a few words."""
    if attribute.type is ir.AttributeType.TENSOR:
        return f"{attribute.value.dtype.name} {list(attribute.value.shape)}"
    if attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS):
        return "a graph"
    value = attribute.value
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) > ELEMENTS_SHOWN:
        return f"{len(value)} elements"
    return str(value)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one node cannot be converted.

    Attributes:
        name: The node's name or, if it has none, its first output's.
        op: The op with its opset and the settings at fault.
        why: What TFLite lacks, or what was raised.
        advice: What to do next; "" for a fault of decant's own.
        error: That fault.
    """

    name: str
    op: str
    why: str
    advice: str = ""
    error: Exception | None = None


def problem(node: ir.Node, opset: int, found: Refused | Fault, fixing: str) -> Problem:
    """Say why a node cannot be converted; `fixing` is from `fixing_advice`."""
    if isinstance(found, Fault):
        return Problem(*named(node, opset, _settings(node)), found.why, error=found.error)
    advice = found.advice
    if fixing and isinstance(found, FreeSize):
        advice = fixing if advice == FIXED_SIZES else f"{fixing}, or {advice}"
    return Problem(*named(node, opset, found.attributes), found.why, advice)


def fixing_advice(inputs: Iterable[ir.Value], example: Mapping[str, Sequence[int]]) -> str:
    """Say how free sizes of inputs are fixed, at those of an example; "" if there are none."""
    stated = stated_shapes(inputs)
    free = _needed(stated)
    if not free:
        return ""
    drawn = dict(zip(stated, next(plausible([*stated.values()])), strict=True))
    options = options_of({name: example.get(name, drawn[name]) for name in free})
    return f"fix the free sizes, as with {options} (in a spec, with numbers in shape)"


def _needed(stated: Mapping[str, Shape]) -> list[str]:
    """The inputs of which a shape has to be given; it fixes all sizes of the same names."""
    fixed: set[str] = set()
    needed = []
    for name, shape in stated.items():
        open_sizes = [size for size in shape if not isinstance(size, int)]
        if any(size is None or size not in fixed for size in open_sizes):
            needed.append(name)
            fixed.update(size for size in open_sizes if size is not None)
    return needed


def named(node: ir.Node, opset: int, settings: Sequence[tuple[str, Any]] = ()) -> tuple[str, str]:
    """A node's name, and its op with opset and settings."""
    domain = f"{node.domain}::" if node.domain not in ("", CLOSED) else ""
    name = node.name or (node.outputs[0].name if node.outputs else "") or "a node without a name"
    text = "".join(f", {key} = {value}" for key, value in settings)
    return name, f"{domain}{node.op_type} (opset {opset}{text})"


def _settings(node: ir.Node) -> list[tuple[str, str]]:
    return [(name, _short(attribute)) for name, attribute in node.attributes.items()]


def report(problems: Sequence[Problem]) -> DecantError:
    """All of them as one error: an `InternalError` if every one is decant's own fault."""
    faults = [each for each in problems if each.error is not None]
    if len(faults) == len(problems):
        found: DecantError = InternalError(
            f"decant's own lowering fails on {_count(problems)}:\n" + "\n".join(_lines(problems))
        )
        found.__cause__ = faults[0].error
        return found
    lines = [f"{_count(problems)} cannot be converted to TFLite:", *_lines(problems)]
    return UnsupportedOp("\n".join(lines))


def _count(problems: Sequence[Problem]) -> str:
    return "1 node" if len(problems) == 1 else f"{len(problems)} nodes"


def _lines(problems: Sequence[Problem]) -> Iterator[str]:
    """List nodes of one op and reason together, and each advice once, behind what it is for."""
    by_advice: dict[str, dict[str, list[str]]] = {}
    for each in problems:
        alike = by_advice.setdefault(each.advice or OWN_FAULT, {})
        alike.setdefault(f"{each.op}: {each.why}", []).append(each.name)
    for advice, alike in by_advice.items():
        rows = [f"  {listed(names)}: {text}" for text, names in alike.items()]
        if len(rows) == 1:
            yield f"{rows[0]}; {advice}"
            continue
        yield from rows[:ROWS_SHOWN]
        if len(rows) > ROWS_SHOWN:
            yield f"  and {len(rows) - ROWS_SHOWN} more such lines"
        yield f"    for each of these: {advice}"


def listed(names: Sequence[str]) -> str:
    """Names in a row; of many the first few and how many more there are."""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
