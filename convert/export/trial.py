"""Runs a module on its example before it is traced: whether it runs, and is a function at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from decant.errors import SpecError, UnsupportedOp
from decant.user_code import fault

from .pytorch import layers_as_written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .pytorch import TensorsOnly

    Answers = Sequence[torch.Tensor]

SAME_WITHIN = 1e-3
"""Of the largest value: threads that sum in another order stay far below it."""

FAST_PATH = (
    "where a mask hides a position PyTorch's fast path through nn.TransformerEncoder gives zeros,"
    " and this file what the layers compute, as PyTorch does with"
    " torch.backends.mha.set_fastpath_enabled(False)"
)


def try_out(wrapped: TensorsOnly, example: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    """Run a module, which also tells it the names of its outputs; returns what a user should know.

    Raises:
        SpecError: It fails on the example, or returns no tensor.
        UnsupportedOp: It gives something else for the same input when it is called again.
    """
    versions = {name: each._version for name, each in wrapped.module.named_buffers()}
    with layers_as_written():
        first = _run(wrapped, example)
        changed = [
            name
            for name, each in wrapped.module.named_buffers()
            if each._version != versions.get(name)
        ]
        _check_repeats(wrapped, first, _run(wrapped, example), changed)
    if any(isinstance(each, torch.nn.TransformerEncoder) for each in wrapped.modules()):
        return () if _alike(first, _run(wrapped, example)) else (FAST_PATH,)
    return ()


def where_raised(wrapped: TensorsOnly, error: BaseException) -> str:
    """Name the innermost of the user's modules in which an exception arose."""
    paths = {id(child): name for name, child in wrapped.module.named_modules()}
    where = type(wrapped.module).__name__
    trace = error.__traceback__
    while trace is not None:
        child = trace.tb_frame.f_locals.get("self")
        if isinstance(child, torch.nn.Module) and id(child) in paths:
            where = f"{paths[id(child)] or 'the model'} ({type(child).__name__})"
        trace = trace.tb_next
    return where


def _run(wrapped: TensorsOnly, example: Mapping[str, torch.Tensor]) -> Answers:
    try:
        with torch.no_grad():
            answers = [each.clone() for each in wrapped(*example.values())]
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in example.items())
        raise SpecError(
            f"the model itself fails on its example input ({shapes}): "
            f"{where_raised(wrapped, error)} raised {fault(error)}; correct it, or shape and dtype "
            "of the input"
        ) from error
    if not answers:
        raise SpecError(
            "the model returns no tensor; return tensors: one, or several in a tuple, a dictionary "
            "or a dataclass"
        )
    return answers


def _check_repeats(
    wrapped: TensorsOnly, first: Answers, second: Answers, changed: Sequence[str]
) -> None:
    """Refuse a module whose answers do not follow from its inputs alone."""
    if _alike(first, second):
        return
    why = "it draws random numbers (such as a dropout that is always on) or keeps a state"
    advice = "switch that off, or make what it draws or keeps an input and an output"
    if changed:
        why = f"it changes its buffer {', '.join(changed[:8])} when it is called"
        advice = "a TFLite file keeps nothing between runs; make that an input and an output"
    name = type(wrapped.module).__name__
    raise UnsupportedOp(f"{name} gives other answers for the same input again: {why}; {advice}")


def _alike(first: Answers, second: Answers) -> bool:
    return all(map(_close, first, second))


def _close(first: torch.Tensor, second: torch.Tensor) -> bool:
    if first.shape != second.shape:
        return False
    if not (first.is_floating_point() or first.is_complex()):
        return bool(torch.equal(first, second))
    apart, size = (first - second).abs().nan_to_num(), first.abs().nan_to_num()
    return first.numel() == 0 or bool(apart.max() <= SAME_WITHIN * size.max())
