"""Says where the keys of a recipe contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .schemes import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.quantization import Correction, SchemeName


def contradiction(
    schemes: Sequence[SchemeName],
    corrections: Sequence[Correction],
    *,
    has_ranges: bool,
    has_found: bool,
) -> str | None:
    """Say what of a recipe cannot be meant, and what to do; None where nothing is.

    Args:
        schemes: Of its operators.
        corrections: That it names.
        has_ranges: Whether it gives ranges.
        has_found: Whether it names a file of what corrections have found.
    """
    named = " and ".join(dict.fromkeys(schemes))
    if has_ranges and not any(SCHEMES[scheme].ranged for scheme in schemes):
        return (
            f"there are ranges, but of {named} no activation is stored as an integer; leave ranges"
            " out, or make form or a group static_int8 or int16x8"
        )
    if corrections and not any(SCHEMES[scheme].weight_bits == 8 for scheme in schemes):
        return (
            f"there are corrections ({', '.join(corrections)}), but of {named} no weight is an"
            " integer that could be corrected; leave corrections out"
        )
    if has_found and not corrections:
        return (
            "there is corrections_sha256, but no corrections; leave it out, or name those that the"
            " file beside the recipe holds"
        )
    return None
