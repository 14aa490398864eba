"""Holds a recipe to its protocol before, and while, it costs any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..errors import SpecError
from ..user_code import user_code
from .recipe import Recipe, Settings

METHODS = ("settings", "model", "batch", "inputs", "loss", "evaluate")
ADVICE = "docs/how-to/train-and-distil.md has an example"


def check_recipe(recipe: object) -> None:
    """Refuse what lacks a method of `Recipe`.

    Raises:
        SpecError: If it does; all that is missing is named.
    """
    missing = [name for name in METHODS if not callable(getattr(recipe, name, None))]
    if missing:
        raise SpecError(
            f"training.recipe: {_kind(recipe)} has no {', '.join(missing)}, as a recipe must; "
            f"{ADVICE}"
        )


def settings_of(recipe: Recipe[Any], role: str) -> Settings:
    """Ask a recipe for the settings of a role.

    Raises:
        SpecError: If it gives something else, or fails.
    """
    with user_code(f'settings("{role}") of the recipe'):
        settings: object = recipe.settings(role)
    if not isinstance(settings, Settings):
        raise SpecError(_wrong("settings", role, settings, "decant.training.Settings"))
    return settings


def model_of(recipe: Recipe[Any], role: str) -> nn.Module:
    """Ask a recipe for the network of a role.

    Raises:
        SpecError: If it gives something else, or fails.
    """
    with user_code(f'model("{role}") of the recipe'):
        model: object = recipe.model(role)
    if not isinstance(model, nn.Module):
        raise SpecError(_wrong("model", role, model, "torch.nn.Module"))
    return model


def check_parts(parts: object) -> None:
    """Refuse a loss that is not named numbers, of which training minimises the sum.

    Raises:
        SpecError: If it is anything else, or a number is NaN or infinite.
    """
    if not isinstance(parts, Mapping) or not parts:
        raise SpecError(
            f"loss() of the recipe returned {_kind(parts)}; return its parts by name, such as "
            '{"entropy": loss}'
        )
    for name, part in parts.items():
        if not isinstance(part, torch.Tensor) or part.numel() != 1:
            what = list(part.shape) if isinstance(part, torch.Tensor) else _kind(part)
            raise SpecError(
                f'loss() of the recipe gives "{name}" as {what}; give each part as a tensor of one '
                "number, such as its mean"
            )
        if not torch.isfinite(part):
            raise SpecError(
                f'loss() of the recipe: "{name}" is {float(part.detach())}; lower learning_rate in '
                "its settings, or look for such numbers in the data"
            )


def figures_of(recipe: Recipe[Any], model: nn.Module) -> dict[str, float]:
    """Ask a recipe how good a network is on its validation data.

    Raises:
        SpecError: If it gives anything but numbers by name, or fails.
    """
    with user_code("evaluate() of the recipe"):
        figures: object = recipe.evaluate(model)
        if isinstance(figures, Mapping):
            return {str(name): float(value) for name, value in figures.items()}
    raise SpecError(
        f"evaluate() of the recipe returned {_kind(figures)}; return figures by name, such as "
        '{"top1": 0.93}'
    )


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _wrong(method: str, role: str, value: object, wanted: str) -> str:
    return f'{method}("{role}") of the recipe returned {_kind(value)}; return a {wanted}'
