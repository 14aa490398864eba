"""Finds what has to stay float for a static int8 file to keep what it lost, and says so."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from decant.fidelity import broken, decibels, weakest

from .ranges import written_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from decant.fidelity import Part
    from decant.flatbuffer.graph import Graph

    from .recipes import Recipe
    from .report import Candidate

# What only moves values.
MOVING = (
    "CONCATENATION",
    "GATHER",
    "PACK",
    "PAD",
    "PADV2",
    "RESHAPE",
    "SLICE",
    "SPLIT",
    "STRIDED_SLICE",
    "TRANSPOSE",
    "UNPACK",
)
# What computes each value from those at its place.
POINTWISE = ("ADD", "LOGISTIC", "MUL", "SUB", "TANH")
# How many times its range the values of a part may be away from zero before it is told.
FAR = 8


def longer_float_ends(graph: Graph, recipe: Recipe, outputs: Sequence[str]) -> Iterator[Recipe]:
    """Keep more and more of what writes some outputs float.

    First what joins them, then the arithmetic before, then the layers before that.
    """
    named = graph.signature_outputs()
    tensors = [named[name] for name in outputs]
    before: list[Any] = []
    both = (*MOVING, *POINTWISE)
    for passed, layers in ((MOVING, False), (both, False), (both, True)):
        found = _end(graph, tensors, passed, layers=layers)
        kept = [operator for operator in found if graph.kind(operator) in recipe.kinds]
        if len(kept) > len(before):
            before = kept
            added = exact_patterns(graph, kept)
            yield recipe.model_copy(update={"keep_float": (*recipe.keep_float, *added)})


def unfit_warning(candidate: Candidate, remedy: Candidate | None, fit: Sequence[str]) -> str:
    """Say what an unfit candidate has lost, why, and what to do about it.

    Args:
        candidate: That has lost something.
        remedy: The same with more of it kept float, which is fit; None if none was found.
        fit: Names of the other candidates that are.
    """
    lost = broken(candidate.parts)
    sentences = [f"{candidate.file} is unfit: {'; '.join(part.fault for part in lost)}"]
    if candidate.recipe.ranged:
        sentences += dict.fromkeys(_cause(part, candidate.parts) for part in lost)
    if remedy is not None:
        sentences.append(_keep_float(candidate, remedy))
    if fit:
        sentences.append(f"{' and '.join(fit)} {'keeps' if len(fit) == 1 else 'keep'} all outputs")
    return ". ".join(sentences)


def _cause(part: Part, parts: Sequence[Part]) -> str:
    """Say why a part is lost in int8, and how the model is changed so that it is not."""
    span = part.high - part.low
    larger = [
        other
        for other in parts
        if other.output == part.output and other.high - other.low > FAR * span
    ]
    if larger:
        spans = ", ".join(f"{other.where} from {_span(other)}" for other in larger)
        return (
            f"One int8 tensor has one step, and {part.output} holds {spans} beside {part.where}"
            f" from {_span(part)}: let the model give them as outputs of their own instead of"
            " joining them, or join them in one size (boxes from 0 to 1, multiplied by the"
            " picture's size outside)"
        )
    if max(abs(part.low), abs(part.high)) > FAR * span:
        return (
            f"{part.name} varies from {_span(part)}, and int8 has to span from zero on: subtract"
            " the middle in the model, and add it outside"
        )
    return "The noise comes from within the network, which static int8 does not suit as it is"


def _span(part: Part) -> str:
    """Write what values a part has in the float file, to what its range makes out."""
    digits = max(0, 2 - math.floor(math.log10(part.high - part.low or 1)))
    ends = (round(end, digits) + 0.0 for end in (part.low, part.high))
    return " to ".join(f"{end:,.{digits}f}" for end in ends)


def _keep_float(candidate: Candidate, remedy: Candidate) -> str:
    """Say how to keep float what writes a broken output; it has been tried."""
    added = remedy.recipe.keep_float
    least = min(weakest(remedy.parts).values(), key=lambda part: part.rank)
    return (
        f'What writes it can stay float: "keep_float": {json.dumps(added)} in the recipe'
        f" {candidate.name} of recipe.json, and `--recipe recipe.json` (in a spec `recipe` under"
        f" [quantization]); tried, it leaves {decibels(least.snr_db)} or more everywhere, in"
        f" {remedy.size_bytes:,} bytes"
    )


def _end(graph: Graph, tensors: Sequence[int], passed: Sequence[str], *, layers: bool) -> list[Any]:
    """Walk back from tensors through some kinds of operators; with layers, to the next ones too."""
    writers = graph.writers()
    waiting, found = list(tensors), dict[int, Any]()
    while waiting:
        operator = writers.get(waiting.pop())
        if operator is None or id(operator) in found:
            continue
        through = graph.kind(operator) in passed
        if through or layers:
            found[id(operator)] = operator
        if through:
            waiting += [int(tensor) for tensor in operator.inputs]
    return [operator for operator in graph.operators if id(operator) in found]


def exact_patterns(graph: Graph, chosen: Sequence[Any]) -> list[str]:
    """Write regular expressions that match what some operators write, and no other operator's.

    The steps of one ONNX node are called "name~2" and so on: where all are chosen, one expression
    stands for them.
    """
    wanted = {id(operator) for operator in chosen}
    patterns: dict[str, None] = {}
    for operator in chosen:
        name = graph.name(int(operator.outputs[0]))
        whole = f"^{re.escape(name.split('~')[0])}(~|;|$)"
        matched = [each for each in graph.operators if re.search(whole, written_by(graph, each))]
        alone = all(id(each) in wanted for each in matched)
        patterns[whole if alone else f"^{re.escape(name)}(;|$)"] = None
    return list(patterns)
