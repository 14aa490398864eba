"""Says where the keys of a recipe contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recipes import Recipe


def contradiction(recipe: Recipe) -> str | None:
    """Say what of a recipe cannot be meant, and what to do; None where nothing is."""
    schemes = " and ".join(dict.fromkeys((recipe.form, *(each.scheme for each in recipe.groups))))
    if recipe.ranges and not recipe.ranged:
        return (
            f"{recipe.name!r} has ranges, but of {schemes} no activation is stored as an integer;"
            " leave ranges out, or make form or a group static_int8 or int16x8"
        )
    if recipe.corrections and not recipe.integer_weights:
        return (
            f"{recipe.name!r} asks for corrections ({', '.join(recipe.corrections)}), but of"
            f" {schemes} no weight is an integer that could be corrected; leave corrections out"
        )
    if recipe.corrections_sha256 and not recipe.corrections:
        return (
            f"{recipe.name!r} has corrections_sha256, but names no corrections; leave it out, or"
            " name those that its file holds"
        )
    return None
