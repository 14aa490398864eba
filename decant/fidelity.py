"""What a signal-to-noise ratio means, and what part of an output it is about.

The ratio is that of what a part of an output *varies* by to what the file adds to it, in dB: the
mean of a part carries no information, so that noise of 1 on values of 1000 ± 1 is 0 dB, not 60.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable

Meaning = Literal["good", "doubtful", "broken"]

# From here on the noise is a tenth of the variation or less (root mean square).
GOOD_DB = 20.0
# Below, it is more than a third of it, and less than two bits of information are left: a Gaussian
# channel carries log2(1 + S/N) / 2 bits per value, which is 1.7 at 10 dB.
BROKEN_DB = 10.0
# So many levels or fewer, where the float file has many, are told from noise only by a good ratio.
FEW_VALUES = 4
SCALE = (
    f"good from {GOOD_DB:g} dB, broken below {BROKEN_DB:g} dB or with {FEW_VALUES} values or fewer"
    " left of many, doubtful between"
)
# Stands for "no difference at all", which has no finite ratio; its negative for noise alone.
CEILING_DB = 200.0
RESIZED = "of another size than the float file's"


class Part(BaseModel):
    """How much of a part of an output a file keeps, compared with the float file.

    Attributes:
        output: The model's name of it.
        where: The part, as NumPy would cut it from the output in ONNX axis order, such as
            "[:, 4:7, :]"; "" for all of it.
        snr_db: Ratio of the part's variation to the noise; 200 where nothing differs, -200 where
            the float file gives only zeros, or as many values as the file does not.
        low: Smallest value that the float file gives.
        high: Largest value that it gives.
        values: How many different values the file gives, if they were counted.
        float_values: How many the float file gives.
        resized: Whether the output is of another size than the float file's for some sample.
        meaning: "broken" where the part has lost its information.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    output: str
    where: str = ""
    snr_db: float
    low: float
    high: float
    values: int | None = None
    float_values: int | None = None
    resized: bool = False
    meaning: Meaning

    def __str__(self) -> str:
        """Write the part with its figure, as in "output0[:, 4:7, :]: 0.3 dB, broken"."""
        figure = RESIZED if self.resized else decibels(self.snr_db)
        return f"{self.name}: {figure}, {self.meaning}{self._counts()}"

    @property
    def name(self) -> str:
        """The part, as in "output0[:, 4:7, :]"."""
        return f"{self.output}{self.where}"

    @property
    def fault(self) -> str:
        """What is wrong with a broken part, to follow "its" or "because"."""
        if self.resized:
            return f"{self.name} is {RESIZED}, so that no value can be compared"
        return f"{self.name} has lost its information ({decibels(self.snr_db)}{self._counts()})"

    @property
    def rank(self) -> tuple[bool, float]:
        """Order parts, the weakest first."""
        return self.meaning != "broken", self.snr_db

    def _counts(self) -> str:
        if self.values is None or self.float_values is None or self.meaning != "broken":
            return ""
        noun = "value" if self.values == 1 else "values"
        return f", {self.values:,} distinct {noun} where the float file has {self.float_values:,}"


def meaning(snr_db: float, values: int | None = None, float_values: int | None = None) -> Meaning:
    """Say what a ratio means, given how many different values are behind it if that is known.

    >>> meaning(31.0), meaning(14.0), meaning(3.0), meaning(14.0, 2, 5_120)
    ('good', 'doubtful', 'broken', 'broken')
    """
    if snr_db >= GOOD_DB:
        return "good"
    few = values is not None and values <= FEW_VALUES < FEW_VALUES**2 < (float_values or 0)
    return "broken" if snr_db < BROKEN_DB or few else "doubtful"


def decibels(snr_db: float) -> str:
    """Write a ratio; what has no finite one is said in words."""
    if snr_db == CEILING_DB:
        return "exact"
    return "noise alone" if snr_db == -CEILING_DB else f"{snr_db:.1f} dB"


def weakest(parts: Iterable[Part]) -> dict[str, Part]:
    """Give the part of each output that has lost most."""
    found: dict[str, Part] = {}
    for part in parts:
        known = found.get(part.output, part)
        found[part.output] = min(known, part, key=lambda each: each.rank)
    return found


def broken(parts: Iterable[Part]) -> list[Part]:
    """Give the parts that have lost their information, which make a file unfit."""
    return [part for part in parts if part.meaning == "broken"]
