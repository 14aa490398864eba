"""What can be told of a module before it is traced: that it is a network, whole, and evaluates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.parameter import is_lazy

from decant.errors import UnsupportedOp
from decant.paths import TORCHSCRIPT_ADVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMES_SHOWN = 8
QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")


def check_module(module: nn.Module) -> None:
    """Refuse a module that cannot be exported as it stands.

    Raises:
        UnsupportedOp: It is in training mode, holds TorchScript or quantized modules, or has
            weights without a size.
    """
    if module.training and not isinstance(module, torch.jit.ScriptModule):
        raise UnsupportedOp(
            f"{type(module).__name__} is in training mode (dropout and batch statistics are "
            "active); call .eval() before exporting."
        )
    for test, what, advice in _FAULTS:
        found = {name: each for name, each in module.named_modules() if test(each)}
        outermost = [name for name in found if not _is_within(name, found)]
        if outermost:
            shown = ", ".join(_named(name, found[name]) for name in outermost[:NAMES_SHOWN])
            more = len(outermost) - NAMES_SHOWN
            others = f" and {more} more" if more > 0 else ""
            raise UnsupportedOp(f"{what}: {shown}{others}; {advice}")


def _is_within(name: str, others: Iterable[str]) -> bool:
    """Whether a module's path leads through one of others."""
    return any(
        name != other and f"{name}.".startswith(f"{other}." if other else "") for other in others
    )


def _named(name: str, module: nn.Module) -> str:
    return f"{name or 'the model'} ({getattr(module, 'original_name', type(module).__name__)})"


def _is_quantized(module: nn.Module) -> bool:
    return type(module).__module__.startswith(QUANTIZED)


def _is_lazy(module: nn.Module) -> bool:
    own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    return any(is_lazy(each) for each in own)


def _trains(module: nn.Module) -> bool:
    return module.training and isinstance(module, _BatchNorm | _DropoutNd)


_FAULTS: tuple[tuple[Callable[[nn.Module], bool], str, str], ...] = (
    (
        lambda module: isinstance(module, torch.jit.ScriptModule),
        "torch.export does not take TorchScript",
        TORCHSCRIPT_ADVICE,
    ),
    (
        _is_quantized,
        "ONNX lacks the kernels of modules that PyTorch has quantized",
        "give the float network; `decant quantize` makes int8 files of it",
    ),
    (
        _is_lazy,
        "modules have no weights yet",
        "call the network once on an example, and load its weights, before it is converted",
    ),
    (
        _trains,
        "modules are in training mode though the whole is not, so that answers depend on the batch "
        "or on chance",
        "call .eval() on the whole, and let no train() of their own undo that",
    ),
)
"""What no module in a network may be, and what to do."""
