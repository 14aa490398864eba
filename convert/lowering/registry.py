"""Maps an ONNX op and version to the function that emits it.

One op is one function: ONNX inputs are its positional parameters, ONNX attributes its keyword-only
parameters under their ONNX names. Versions and attribute defaults come from `onnx.defs`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import onnx

from decant.graph.upgrade import ATTRIBUTES

OLDEST_OPSET = 7  # broadcasting as in NumPy begins here
NEWEST_OPSET = 28  # the newest whose changes were read

OPERATORS_MODULE = "decant_operators_"

Key = tuple[str, str, int]  # domain, op, since-version (0 for domains without schemas)
Outputs = Any  # a Value, or a tuple of them
Emitter = TypeVar("Emitter", bound=Callable[..., Outputs])


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """What shape inference knows of one output: name, sizes (None if unknown) and NumPy dtype."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str | None


@dataclass(frozen=True, slots=True)
class Lowering:
    """A registered function.

    Attributes:
        function: Takes values and attributes, returns a value or a tuple of values.
        defaults: Every attribute it takes, with the default of this op version.
        wants_outputs: Whether it takes `outputs`, a tuple of `OutputInfo`.
    """

    function: Callable[..., Outputs]
    defaults: Mapping[str, Any]
    wants_outputs: bool

    @property
    def is_user_code(self) -> bool:
        """Whether an operators file registered it."""
        return self.function.__module__.startswith(OPERATORS_MODULE)

    def __call__(
        self, inputs: Iterable[Any], attributes: Mapping[str, Any], outputs: tuple[OutputInfo, ...]
    ) -> Outputs:
        """Emit one node."""
        known = {name: attributes.get(name, default) for name, default in self.defaults.items()}
        if self.wants_outputs:
            known["outputs"] = outputs
        return self.function(*inputs, **known)


Table = dict[Key, Lowering]

_BUILT_IN: Table = {}
_TARGET: ContextVar[Table] = ContextVar("_TARGET", default=_BUILT_IN)


def op(
    name: str, *, since: int = 0, until: int | None = None, ignore: Iterable[str] = ()
) -> Callable[[Emitter], Emitter]:
    """Register a function for an ONNX op.

    An operators file says, for example:

        @op("mydomain::Scale")
        def scale(x, *, factor=1.0):
            return pointwise(lambda tensor: tensor * factor, x)

    The op's inputs come by position (None for one left out), its attributes by their ONNX names; a
    keyword `outputs` takes what is known of the node's outputs. Return a value per output.

    Args:
        name: The op, as "Conv" or "mydomain::MyOp".
        since: Oldest op version that the function emits; default: the oldest that decant reads.
        until: Newest op version; default: the newest.
        ignore: Attributes that make no difference and that the function does not take.

    Raises:
        ValueError: If a version is registered already, or if the function's keywords are not the
            op's attributes.
    """
    domain, _, op_name = name.rpartition("::")

    def register(function: Emitter) -> Emitter:
        keywords, wants_outputs = _keywords(function)
        table = _TARGET.get()
        for key, defaults in _versions(domain, op_name, since, until, tuple(ignore), keywords):
            if key in table:
                raise ValueError(f"{name} version {key[2]} is registered twice")
            table[key] = Lowering(function, defaults, wants_outputs)
        return function

    return register


def _keywords(function: Callable[..., Outputs]) -> tuple[dict[str, Any], bool]:
    """The function's keyword-only parameters with their defaults, and whether it wants outputs."""
    parameters = inspect.signature(function).parameters.values()
    keywords = {
        p.name: None if p.default is p.empty else p.default
        for p in parameters
        if p.kind is p.KEYWORD_ONLY
    }
    return {k: v for k, v in keywords.items() if k != "outputs"}, "outputs" in keywords


def _versions(
    domain: str,
    name: str,
    since: int,
    until: int | None,
    ignore: tuple[str, ...],
    keywords: dict[str, Any],
) -> list[tuple[Key, dict[str, Any]]]:
    """Every key that a registration covers, each with its attribute defaults."""
    schemas = _schemas(domain, name)
    if not schemas:
        return [((domain, name, 0), keywords)]
    read = [v for v in schemas if v <= OLDEST_OPSET] if domain == "" else []
    oldest = max(read, default=min(schemas))
    covered = [v for v in schemas if max(oldest, since) <= v <= (until or NEWEST_OPSET)]
    if not covered:
        raise ValueError(f"no version of {name} lies between {since} and {until}")
    latest = _defaults(schemas[max(covered)])
    _, became_inputs = ATTRIBUTES.get(name, (0, ()))
    every = {key for v in covered for key in schemas[v].attributes} - set(became_inputs)
    if every - set(ignore) != set(keywords):
        wrong = sorted((every - set(ignore)) ^ set(keywords))
        raise ValueError(f"the keywords of {name} differ from its ONNX attributes: {wrong}")
    keys = []
    for version in covered:
        own = _defaults(schemas[version])
        defaults = {key: own.get(key, latest.get(key, keywords[key])) for key in keywords}
        keys.append(((domain, name, version), defaults))
    return keys


@functools.cache
def _all_schemas() -> dict[tuple[str, str], dict[int, onnx.defs.OpSchema]]:
    result: dict[tuple[str, str], dict[int, onnx.defs.OpSchema]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        result.setdefault((schema.domain, schema.name), {})[schema.since_version] = schema
    return result


def _schemas(domain: str, name: str) -> dict[int, onnx.defs.OpSchema]:
    return _all_schemas().get((domain, name), {})


def _defaults(schema: onnx.defs.OpSchema) -> dict[str, Any]:
    """Attribute defaults of a schema; None where an attribute has none."""
    return {name: _default(attribute) for name, attribute in schema.attributes.items()}


def _default(attribute: onnx.defs.OpSchema.Attribute) -> Any:
    if not attribute.default_value.type:
        return None
    value = onnx.helper.get_attribute_value(attribute.default_value)
    return value.decode() if isinstance(value, bytes) else value


def find(table: Mapping[Key, Lowering], domain: str, name: str, opset: int) -> Lowering | None:
    """The function for an op at an opset, None if there is none."""
    versions = [v for v in _schemas(domain, name) if v <= opset]
    return table.get((domain, name, max(versions) if versions else 0))


def since_version(domain: str, name: str, opset: int) -> int | None:
    """The version of an op that an opset holds; None if the standard has no such op."""
    return max((v for v in _schemas(domain, name) if v <= opset), default=None)


def registered() -> Mapping[Key, Lowering]:
    """All ops that decant's own modules have registered."""
    return _BUILT_IN


@contextmanager
def registering() -> Iterator[Table]:
    """Collect the ops that are registered within the block, apart from decant's own."""
    table: Table = {}
    token = _TARGET.set(table)
    try:
        yield table
    finally:
        _TARGET.reset(token)
