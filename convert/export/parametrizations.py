"""Weights that are computed from others, such as weight norm's, become plain weights."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

REMOVERS: dict[type, Callable[[nn.Module, str], object]] = {
    WeightNorm: remove_weight_norm,
    SpectralNorm: remove_spectral_norm,
    prune.BasePruningMethod: prune.remove,
}
"""Of PyTorch's older form of them, a hook before `forward`: what bakes its result in."""


def without_parametrizations(module: nn.Module) -> nn.Module:
    """Give a module that computes the same with plain weights: a copy where there are others.

    Traced with them, a file would compute its weights on every run, or lack an op to do so: ONNX
    has neither the matrix exponential nor the solver that orthogonal weights come from.
    """
    if not any(parametrize.is_parametrized(each) or _hooks(each) for each in module.modules()):
        return module
    with torch.no_grad():
        # A hook's last result may belong to a graph of gradients, and such a one is not copied.
        for each in module.modules():
            for hook, _ in _hooks(each):
                hook(each, ())
        plain = copy.deepcopy(module)
        for each in plain.modules():
            _bake(each)
    return plain.eval()


def _hooks(
    module: nn.Module,
) -> list[tuple[Callable[..., object], Callable[[nn.Module, str], object]]]:
    """List a module's hooks that set a weight, each with what bakes it in."""
    return [
        (hook, remover)
        for hook in module._forward_pre_hooks.values()
        for kind, remover in REMOVERS.items()
        if isinstance(hook, kind)
    ]


def _bake(module: nn.Module) -> None:
    for hook, remover in _hooks(module):
        remover(module, getattr(hook, "name", None) or getattr(hook, "_tensor_name"))  # noqa: B009
    if parametrize.is_parametrized(module):
        # A copy shares the class that PyTorch has made for the original, whose weight must stay.
        shared = type(module)
        module.__class__ = type(shared.__name__, shared.__bases__, dict(vars(shared)))
        for name in list(getattr(module, "parametrizations")):  # noqa: B009  (mypy: a tensor)
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
