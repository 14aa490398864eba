"""Lets a network decide by whole numbers that it keeps as buffers, such as a stride.

The values of a buffer are unknown to `torch.export`; those of a tensor that is made during the
trace are known.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Buffers = dict[str, torch.Tensor]


def stores_numbers(network: torch.nn.Module) -> bool:
    """Whether a module of the network, none of PyTorch's own, keeps a whole number as a buffer."""
    return any(_numbers(module) for module in network.modules())


@contextlib.contextmanager
def stored_numbers_known(network: torch.nn.Module) -> Iterator[None]:
    """Let these numbers be made anew whenever a module asks for one."""
    with contextlib.ExitStack() as undone:
        for module in network.modules():
            numbers = _numbers(module)
            if numbers:
                undone.callback(_restore, module, type(module), {**module._buffers})
                _replace(module, numbers)
        yield


def _numbers(module: torch.nn.Module) -> Buffers:
    if type(module).__module__.startswith("torch.nn."):
        return {}  # a BatchNorm only counts with it
    return {
        name: buffer
        for name, buffer in module._buffers.items()
        if buffer is not None and buffer.ndim == 0 and buffer.dtype in (torch.int32, torch.int64)
    }


def _replace(module: torch.nn.Module, numbers: Buffers) -> None:
    kind = type(module)
    made: dict[str, Any] = {name: property(_maker(number)) for name, number in numbers.items()}
    made |= {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    for name in numbers:
        del module._buffers[name]
    module.__class__ = type(kind.__name__, (kind,), made)


def _maker(buffer: torch.Tensor) -> Callable[[torch.nn.Module], torch.Tensor]:
    number, dtype = int(buffer), buffer.dtype
    return lambda _: torch.tensor(number, dtype=dtype)


def _restore(
    module: torch.nn.Module,
    kind: type[torch.nn.Module],
    buffers: dict[str, torch.Tensor | None],
) -> None:
    module.__class__ = kind
    module._buffers.clear()
    module._buffers.update(buffers)
