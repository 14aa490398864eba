"""Says which operators decant converts, and how, and which of a file's nodes are in the way."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import onnx
from onnx.reference import ReferenceEvaluator

from decant.errors import DataError, InternalError, UnsupportedOp
from decant.graph.control_flow import DOMAIN as CLOSED
from decant.graph.load import (
    SEQUENCE_MAKERS,
    UNSOUND,
    has_free_sizes,
    load,
    stated_shapes,
    told_if_unsound,
)

from .build import emitted, rewritten
from .lowering.expand import has_function
from .lowering.registry import OLDEST_OPSET
from .operators_files import lowerings_with, rewrites_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from decant.graph.rewrite import Rewrite

    from .build import Request
    from .lowering.registry import Key, Lowering

Way = Literal["emitted", "rewritten", "defined", "none"]

ELEMENTWISE = "Element by element."
DEFINED = "Written out as ONNX defines it."
NONE = "Nothing is there for it yet."
VANISHES = "Vanishes into what reads the sequence."
TRAINING = "ai.onnx.preview.training"


@dataclass(frozen=True, slots=True)
class Support:
    """How one operator is converted.

    Attributes:
        name: "Conv", or "domain::Op".
        versions: Of the operator, as ONNX counts them, that are read, oldest first; none of an
            operator that ONNX does not define.
        way: "emitted" by a function of its own, "rewritten" into operators that are, "defined" by
            ONNX itself in terms of them, or "none" where it is refused.
        how: In a sentence.
    """

    name: str
    versions: tuple[int, ...]
    way: Way
    how: str

    @property
    def since(self) -> int | None:
        """The oldest operator set of its domain in which it is read; None if ONNX has none."""
        oldest = 1 if "::" in self.name else OLDEST_OPSET
        return max(oldest, self.versions[0]) if self.versions else None


def supported(files: Iterable[Path] = ()) -> tuple[Support, ...]:
    """List the operators of ONNX, those that decant knows beside them, and a user's own, by name.

    Args:
        files: Operators files.

    Raises:
        DataError: If a file is missing, or registers nothing.
        SpecError: If a file raises anything when it is run.
    """
    files = tuple(files)
    table = lowerings_with(files)
    emitting = {key: each for key, each in table.items() if not _only_refuses(each)}
    rewriting = _first_by_operator(rewrites_with(files))
    names = {_full_name(domain, name) for domain, name, _ in table} | {*rewriting, *_defined()}
    names = {name for name in names if not name.startswith(f"{CLOSED}::")}
    return tuple(_support(name, emitting, rewriting) for name in sorted(names, key=_order))


def counted(request: Request) -> dict[str, int]:
    """Operator → how many of its nodes a file has, those inside of others included, by name.

    Raises:
        DataError: If the ONNX file cannot be read.
    """
    nodes = load(request.onnx, request.shapes).graph.all_nodes()
    found = Counter(_full_name(_own(node.domain), node.op_type) for node in nodes)
    return {name: found[name] for name in sorted(found, key=_order)}


def refusal(request: Request) -> str:
    """Say why a file is refused, with every node that is in the way; "" if nothing is.

    The graph is rewritten and emitted, but neither converted nor run: what TFLite's own converter
    lacks, it alone can tell.

    Raises:
        DataError: If the ONNX file cannot be read, or contradicts itself.
    """
    problem = ""
    for each in (request, _with_one_sample(request)):
        try:
            with told_if_unsound(request.onnx, request.shapes):
                emitted(each, rewritten(each)[0])
        except UnsupportedOp as error:
            problem = problem or str(error)
        except InternalError:
            _run(each)
            raise
        else:
            return ""
    return problem


def _run(request: Request) -> None:
    """Run a file once, which tells where it contradicts itself as no check does.

    Raises:
        DataError: If ONNX Runtime refuses it, or ONNX's own evaluator where that lacks an operator.
    """
    from .verify.oracle import Model, Oracle
    from .verify.samples import samples_for

    inputs = load(request.onnx, request.shapes).graph.inputs
    oracle = Oracle(Model(request.onnx, None), tries_sizes=has_free_sizes(inputs))
    for sample in samples_for(inputs, None, trial=oracle.run if oracle.knows_all else None)[:1]:
        oracle.run(sample)
        if oracle.knows_all:
            continue
        try:
            ReferenceEvaluator(request.onnx).run(None, dict(sample))
        except UNSOUND as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            fault = f"cannot be run ({reason}); export it again"
            raise DataError(f"{request.onnx}: {fault}") from error


def _with_one_sample(request: Request) -> Request:
    """Fix the first size of every input that leaves it free at 1, as a conversion does a batch."""
    stated = stated_shapes(load(request.onnx, request.shapes).graph.inputs)
    batches = {
        name: (1, *(size if isinstance(size, int) else None for size in shape[1:]))
        for name, shape in stated.items()
        if shape and not isinstance(shape[0], int)
    }
    return replace(request, shapes={**request.shapes, **batches})


def _support(
    name: str, emitting: Mapping[Key, Lowering], rewriting: Mapping[str, Rewrite]
) -> Support:
    domain, _, op = name.rpartition("::")
    own = {version: each for (d, n, version), each in emitting.items() if (d, n) == (domain, op)}
    versions = _read(_defined().get(name, ()))
    closed = emitting.get((CLOSED, op, 0)) if domain == "" else None
    if closed is not None:
        return Support(name, versions, "emitted", _told(closed))
    if own:
        read = tuple(sorted(version for version in own if version))
        return Support(name, read, "emitted", _told(own[max(own)]))
    if name in rewriting:
        return Support(name, versions, "rewritten", rewriting[name].summary)
    if name in SEQUENCE_MAKERS:
        return Support(name, versions, "rewritten", VANISHES)
    if has_function(domain, op):
        return Support(name, versions, "defined", DEFINED)
    return Support(name, (), "none", NONE)


def _told(lowering: Lowering) -> str:
    text = inspect.getdoc(lowering.function)
    return text.splitlines()[0] if text else ELEMENTWISE


def _only_refuses(lowering: Lowering) -> bool:
    """Whether a lowering is there to say why there is none."""
    return inspect.signature(lowering.function).return_annotation in (NoReturn, "NoReturn")


def _first_by_operator(rewrites: Iterable[Rewrite]) -> dict[str, Rewrite]:
    """Operator → the first rewrite that looks at it."""
    found: dict[str, Rewrite] = {}
    for rewrite in rewrites:
        for operator in rewrite.operators:
            found.setdefault(operator, rewrite)
    return found


def _defined() -> dict[str, tuple[int, ...]]:
    """Operator of ONNX → its versions, oldest first; of those that are current."""
    current = {(schema.domain, schema.name) for schema in _current()}
    found: dict[str, list[int]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if (schema.domain, schema.name) in current:
            name = _full_name(schema.domain, schema.name)
            found.setdefault(name, []).append(schema.since_version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def _current() -> Iterator[Any]:
    """ONNX's operators, without those that train."""
    for schema in onnx.defs.get_all_schemas():
        if not schema.deprecated and schema.domain != TRAINING:
            yield schema


def _read(versions: tuple[int, ...]) -> tuple[int, ...]:
    """Of an operator's versions those that decant reads: the oldest operator set holds one."""
    oldest = max((version for version in versions if version <= OLDEST_OPSET), default=0)
    return tuple(version for version in versions if version >= oldest)


def _full_name(domain: str, name: str) -> str:
    return f"{domain}::{name}" if domain else name


def _own(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _order(name: str) -> tuple[str, str]:
    domain, _, op = name.rpartition("::")
    return domain, op.lower()
