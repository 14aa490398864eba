"""Keeps the noise of single values between runs, so that an interrupted search goes on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from decant.artifacts import read_json, write_json
from decant.errors import DataError
from decant.files import NOISE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.inputs import Run

    from ..ranges import Range


KEY = re.compile(r"(activation|weights) (\d+)", re.ASCII)


class _File(BaseModel):
    """What the file holds.

    Attributes:
        made_from: SHA-256 of the model, the runs and the ranges.
        ratios: "activation 12" or "weights 3" → ratio of noise to signal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_from: str
    ratios: dict[str, float]


@dataclass(frozen=True, slots=True)
class Kept:
    """Ratios in a file.

    Attributes:
        path: Of the file; None to keep nothing.
        made_from: What they hold for.
    """

    path: Path | None
    made_from: str

    @classmethod
    def of(
        cls,
        folder: Path | None,
        model: bytes,
        runs: Sequence[Run],
        spans: Mapping[int, Range],
    ) -> Kept:
        """Look into a folder for what holds for a model, runs and ranges."""
        digest = hashlib.sha256(model)
        for run in runs:
            for name, array in sorted(run.items()):
                digest.update(name.encode())
                digest.update(array.tobytes())
        digest.update(repr(sorted(spans.items())).encode())
        path = None if folder is None else folder / NOISE
        return cls(path, digest.hexdigest())

    def read(self) -> dict[tuple[str, int], float]:
        """Give what is known; nothing where the file is another model's, or damaged."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            file = _File.model_validate(read_json(self.path))
        except (DataError, ValidationError):
            return {}
        if file.made_from != self.made_from:
            return {}
        pairs = ((KEY.fullmatch(key), ratio) for key, ratio in file.ratios.items())
        return {(key[1], int(key[2])): ratio for key, ratio in pairs if key is not None}

    def write(self, ratios: Mapping[tuple[str, int], float]) -> None:
        """Keep ratios.

        Raises:
            DataError: The file cannot be written.
        """
        if self.path is not None:
            named = {f"{kind} {number}": ratio for (kind, number), ratio in ratios.items()}
            file = _File(made_from=self.made_from, ratios=named)
            write_json(self.path, file.model_dump(mode="json"))
