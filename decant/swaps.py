"""Replaces modules of a network, by name, by ones that run faster; training makes up for it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from .artifacts import write_bytes
from .errors import SpecError

if TYPE_CHECKING:
    from torch import Tensor

    from .paths import AnyPath
    from .spec import SwapKind

NAMES_SHOWN = 8
METADATA = "swap"
"""The only key of a checkpoint's metadata: safetensors gives several no order."""


class BatchNormOfLast(nn.BatchNorm1d):
    """A BatchNorm of the last axis, where a LayerNorm has its weights; x: [N, …, C]."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel over all other axes."""
        return super().forward(x.flatten(0, -2)).reshape(x.shape)


@dataclass(frozen=True, slots=True)
class Swap:
    """A kind of replacement.

    Attributes:
        replaces: Names of the classes that it is for, base classes included.
        make: The module that stands in for one of them.
    """

    replaces: tuple[str, ...]
    make: Callable[[nn.Module], nn.Module]


def _batch_norm(norm: nn.Module) -> nn.Module:
    """Make a BatchNorm with a LayerNorm's scale and shift; weights keep their names."""
    shape = tuple(getattr(norm, "normalized_shape"))  # noqa: B009  (mypy takes it for a tensor)
    if len(shape) != 1:
        raise SpecError(
            f"model.swap: a LayerNorm over {list(shape)} has a scale for each place, a BatchNorm "
            "one for each channel; leave that module out"
        )
    own = norm.state_dict()
    kind = nn.BatchNorm2d if _is(norm, ("LayerNorm2d",)) else BatchNormOfLast
    made = kind(shape[0], affine="weight" in own)
    made.load_state_dict({**made.state_dict(), **own})
    return made


SWAPS: Mapping[SwapKind, Swap] = {
    "hard_swish": Swap(("GELU", "SiLU", "Swish", "QuickGELU", "Mish"), lambda _: nn.Hardswish()),
    "batch_norm": Swap(("LayerNorm",), _batch_norm),
}


def swap_modules(network: nn.Module, swaps: Mapping[str, SwapKind]) -> dict[str, str]:
    """Replace the modules of a network whose paths fit patterns and whose kinds fit the swaps.

    Args:
        network: Changed in place.
        swaps: Pattern of module paths, as `named_modules()` has them with `*` for any text → what
            takes their place.

    Returns:
        Path → what became of it, such as "GELU → hard_swish".

    Raises:
        SpecError: If a pattern fits no module that its swap is for, or one has two.
    """
    done: dict[str, str] = {}
    modules = dict(network.named_modules())
    for pattern, kind in swaps.items():
        swap = SWAPS[kind]
        fitting = [name for name, each in modules.items() if name and _is(each, swap.replaces)]
        chosen = [name for name in fitting if fnmatchcase(name, pattern)]
        if not chosen:
            raise SpecError(_nothing_fits(pattern, kind, swap, fitting))
        for name in chosen:
            if name in done:
                raise SpecError(f"model.swap: two patterns fit {name}; narrow one of them")
            old = modules[name]
            owner, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(owner), attribute, swap.make(old).train(old.training))
            done[name] = f"{type(old).__name__} → {kind}"
    return done


@dataclass(frozen=True, slots=True)
class SwapCost:
    """What was swapped in a network, and what that cost; its retrained checkpoint carries it.

    Attributes:
        modules: Path → what became of it, such as "GELU → hard_swish".
        figures: "original", "swapped" (before it is retrained) and "retrained" → the recipe's
            figures on its validation data, by name.
    """

    modules: Mapping[str, str]
    figures: Mapping[str, Mapping[str, float]]

    def lines(self) -> Iterator[str]:
        """Say it, a line per figure."""
        by_change: dict[str, list[str]] = {}
        for path, change in self.modules.items():
            by_change.setdefault(change, []).append(path)
        for change, paths in by_change.items():
            yield f"swapped {change}: {', '.join(paths)}"
        for name, original in self.figures["original"].items():
            swapped, retrained = (
                self.figures[each].get(name, math.nan) for each in ("swapped", "retrained")
            )
            yield (
                f"{name}: {original:.4f} of the original, {swapped:.4f} swapped,"
                f" {retrained:.4f} retrained ({retrained - original:+.4f})"
            )

    def write(self, checkpoint: AnyPath) -> None:
        """Put it into a `.safetensors` file."""
        from safetensors.torch import load_file, save

        note = json.dumps({"modules": dict(self.modules), "figures": dict(self.figures)})
        write_bytes(Path(checkpoint), save(load_file(checkpoint), {METADATA: note}))


def read_cost(checkpoint: AnyPath) -> SwapCost | None:
    """Read what a checkpoint says of its swaps; None where it says nothing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(checkpoint, "pt") as file:
            document = json.loads((file.metadata() or {})[METADATA])
        return SwapCost(document["modules"], document["figures"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError):
        return None


def settle(network: nn.Module, x: Tensor) -> None:
    """Measure the statistics of a network's BatchNorms on one batch; all else stays as it is."""
    norms = [each for each in network.eval().modules() if isinstance(each, BATCH_NORMS)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def _is(module: nn.Module, names: tuple[str, ...]) -> bool:
    """Whether a class or a base of a module has one of some names; libraries bring their own."""
    return any(base.__name__ in names for base in type(module).__mro__)


def _nothing_fits(pattern: str, kind: str, swap: Swap, fitting: list[str]) -> str:
    kinds = ", ".join(swap.replaces)
    more = f" and {len(fitting) - NAMES_SHOWN} more" if len(fitting) > NAMES_SHOWN else ""
    there = ", ".join(fitting[:NAMES_SHOWN]) + more
    return (
        f'model.swap: no module that {kind} stands in for ({kinds}) is called "{pattern}"; the '
        f"network has {there or 'none, and calls of torch.nn.functional cannot be swapped'}"
    )
