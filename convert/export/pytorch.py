"""PyTorch modules as functions from tensors to tensors, with names for their outputs."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.modules import transformer
from torch.utils import _pytree as pytree

from decant.errors import SpecError
from decant.user_code import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

ASKS_FOR_VALUES = "_detect_is_causal_mask"
"""PyTorch's own function (torch 2.13); `torch.export` cannot decide by values."""


def leaf_names(structure: Any) -> list[str]:
    """Name the leaves of a module's return value.

    Dictionary keys, field names and positions are joined by "_"; a bare tensor is "output",
    the items of a bare tuple are "output_0", "output_1", ….
    """
    names = []
    for path, _ in pytree.tree_flatten_with_path(structure)[0]:
        parts = [str(_key(step)) for step in path]
        if not parts or isinstance(path[0], pytree.SequenceKey):
            parts.insert(0, "output")
        names.append("_".join(parts))
    return names


def _key(step: Any) -> Any:
    if isinstance(step, pytree.SequenceKey):
        return step.idx
    return step.name if isinstance(step, pytree.GetAttrKey) else step.key


def _fields(structure: Any) -> Any:
    """Replace dataclasses by dictionaries of their fields: torch takes them for leaves."""

    def opened(leaf: Any) -> Any:
        if isinstance(leaf, type) or not dataclasses.is_dataclass(leaf):
            return leaf
        names = (field.name for field in dataclasses.fields(leaf))
        return {name: _fields(getattr(leaf, name)) for name in names}

    return pytree.tree_map(opened, structure)


@contextlib.contextmanager
def layers_as_written() -> Iterator[None]:
    """Let PyTorch's transformer layers compute as they are written, whatever their masks hold.

    No export takes their fast path, nor the question whether a mask's values are those of a causal
    one: nn.Transformer then leaves the mask to a kernel, which computes the same.
    """
    before = torch.backends.mha.get_fastpath_enabled()
    asks = getattr(transformer, ASKS_FOR_VALUES, None)
    torch.backends.mha.set_fastpath_enabled(False)
    if asks is not None:
        setattr(transformer, ASKS_FOR_VALUES, _causal_if_told)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
        if asks is not None:
            setattr(transformer, ASKS_FOR_VALUES, asks)


def _causal_if_told(mask: Any, is_causal: bool | None = None, size: int | None = None) -> bool:
    """Stand in for PyTorch's function: what nobody has said of a mask is not looked for in it."""
    return is_causal is True


class TensorsOnly(torch.nn.Module):
    """Calls a module with inputs by name and returns its tensors as one flat tuple."""

    def __init__(self, module: torch.nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.module = module
        self.keywords = names if _takes_keywords(module, names) else None
        self.output_names: list[str] = []

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Call the module; leaves of its result that are no tensors are dropped."""
        if self.keywords is None:
            result = self.module(*inputs)
        else:
            result = self.module(**dict(zip(self.keywords, inputs, strict=True)))
        result = _fields(result)
        leaves = pytree.tree_leaves(result)
        tensors = [isinstance(leaf, torch.Tensor) for leaf in leaves]
        self.output_names = [n for n, t in zip(leaf_names(result), tensors, strict=True) if t]
        return tuple(leaf for leaf, t in zip(leaves, tensors, strict=True) if t)


def _takes_keywords(module: torch.nn.Module, names: tuple[str, ...]) -> bool:
    """Whether `forward` has parameters of these names, or takes whatever is named."""
    parameters = inspect.signature(module.forward).parameters
    kinds = [parameter.kind for parameter in parameters.values()]
    return kinds == [inspect.Parameter.VAR_KEYWORD] or set(names) <= set(parameters)


def other_weights(module: torch.nn.Module) -> tuple[str, ...]:
    """Name the float types beside float32 that a module's weights have."""
    kinds = {weight.dtype for weight in module.parameters() if weight.is_floating_point()}
    return tuple(sorted(str(kind).removeprefix("torch.") for kind in kinds - {torch.float32}))


def run_torch(reference: Callable[..., Any], arrays: Sequence[Array]) -> list[Array]:
    """Call a PyTorch function with arrays by position; returns its tensors, flattened.

    Raises:
        SpecError: The function fails on these inputs.
    """
    try:
        with torch.no_grad(), layers_as_written():
            result = reference(*(torch.from_numpy(np.ascontiguousarray(x)) for x in arrays))
    except Exception as error:
        raise SpecError(
            f"the PyTorch model fails on a verification input: it raised {fault(error)}; correct it"
        ) from error
    leaves = pytree.tree_leaves(result)
    return [leaf.detach().numpy() for leaf in leaves if isinstance(leaf, torch.Tensor)]
