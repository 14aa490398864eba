"""The kinds of input that a spec may name; a new one is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Discriminator, Tag

from ..contract.rules import kind_of
from .array import ArraySection
from .audio import AudioSection
from .image import ImageSection
from .section import InputSection

SECTIONS: tuple[type[InputSection], ...] = (ImageSection, ArraySection, AudioSection)
"""By `kind`, what `[input]` or `[inputs.NAME]` may be; a photo where none is named."""


def _kind(value: Any) -> Any:
    """Tell the kind of a section that may leave it out."""
    return value.get("kind", "image") if isinstance(value, Mapping) else value.kind


if TYPE_CHECKING:
    AnyInput = InputSection
else:
    AnyInput = Annotated[
        Union[tuple(Annotated[each, Tag(kind_of(each))] for each in SECTIONS)],  # noqa: UP007
        Discriminator(_kind),
    ]
