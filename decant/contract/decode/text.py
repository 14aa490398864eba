"""The decode rules `ctc` and `slots`: scores of characters become a text."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from ...errors import DataError
from ...tensors import fits
from .boxes import Activation, activate, named, only_output
from .rule import DecodeRule, Prediction, Reading, Shapes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from ...tensors import TensorInfo
    from ..images import Placement
    from .rule import Outputs


EXAMPLE = "0123456789"
"""Alphabet that is written where nobody knows the right one."""


def _characters(given: Any) -> Any:
    """Take a text as its characters."""
    return tuple(given) if isinstance(given, str) else given


Alphabet = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(strict=False, min_length=1),
    BeforeValidator(_characters),
]


@dataclass(frozen=True, slots=True)
class ReadText:
    """What was read in one sample.

    Attributes:
        text: The characters.
        score: Mean of the best probability of each place, 0…1; 1 where there is no place.
    """

    text: str
    score: float


class TextRule(DecodeRule):
    """A rule that reads a text from one output of scores of characters.

    Attributes:
        output: Its name; the only one if left out.
        alphabet: What the classes stand for, in order and without the blank: a text of single
            characters, or a list of texts.
        blank: Index of the class that stands for no character; -1 is the last.
        score_activation: Makes probabilities of what the model gives.
    """

    free_labels: ClassVar[bool] = True
    output: str | None = None
    alphabet: Alphabet
    blank: int | None = Field(default=0, ge=-1)
    score_activation: Activation = "softmax"

    @model_validator(mode="after")
    def _check_alphabet(self) -> Self:
        known: set[str] = set()
        for each in self.alphabet:
            if each in known:
                raise ValueError(f'alphabet has "{each}" twice; make each unique')
            known.add(each)
        if self.blank is not None and self.blank > len(self.alphabet):
            raise ValueError(
                f"blank = {self.blank} is none of {self.classes} classes, which are "
                f"{len(self.alphabet)} of the alphabet and the blank"
            )
        return self

    @property
    def classes(self) -> int:
        """How many scores there are at each place."""
        return len(self.alphabet) + (self.blank is not None)

    @property
    def tokens(self) -> tuple[str, ...]:
        """What each class stands for; the blank stands for nothing."""
        if self.blank is None:
            return self.alphabet
        place = len(self.alphabet) if self.blank == -1 else self.blank
        return (*self.alphabet[:place], "", *self.alphabet[place:])

    @property
    @abstractmethod
    def axes(self) -> tuple[int, int, int]:
        """Where samples, places and classes lie in the output."""

    @abstractmethod
    def read(self, probabilities: NDArray[np.float32]) -> tuple[int, ...]:
        """Give the classes of the characters of one sample, [places, classes]."""

    @classmethod
    def outputs_of_text(cls, shapes: Shapes) -> list[tuple[dict[str, str], tuple[int | None, ...]]]:
        """Find outputs of three axes: the key that names each, and its shape."""
        return [
            (named(shapes, name), shape)
            for name, shape in (shapes or {"": (None, None, None)}).items()
            if len(shape) == 3
        ]

    def check_shapes(self, shapes: Shapes) -> None:
        """Check that a model's outputs are those that the rule reads.

        Raises:
            ValueError: If they are not; the message begins with the key at fault, `decode.…`.
        """
        name = only_output([*shapes], self.output)
        wanted: list[int | None] = [None] * 3
        wanted[self.axes[2]] = self.classes
        if not fits(shapes[name], wanted):
            sizes = ["", "", ""]
            for axis, size in zip(self.axes, ("N", "places", str(self.classes)), strict=True):
                sizes[axis] = size
            blank = "" if self.blank is None else " and the blank"
            raise ValueError(
                f"decode.alphabet: reads [{', '.join(sizes)}], {len(self.alphabet)} characters"
                f"{blank} at each place, but {name} is {list(shapes[name])}"
            )

    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Hold the shapes of the outputs against the rule."""
        self.check_shapes({info.name: info.onnx_shape for info in outputs})

    def first(self, outputs: Outputs) -> Outputs:
        """Take the first sample along the axis that counts samples, which may be the second."""
        axis = self.axes[0]
        # What this rule does not read may have any number of axes.
        return {
            name: array.take([0], axis) if array.ndim == len(self.axes) else array
            for name, array in outputs.items()
        }

    def decode(self, outputs: Outputs) -> list[ReadText]:
        """Read the texts of a batch.

        Raises:
            DataError: If the outputs are not what the rule reads.
        """
        try:
            self.check_shapes({name: array.shape for name, array in outputs.items()})
        except ValueError as error:
            raise DataError(f"{error}; make task.decode and the model agree") from None
        raw = np.asarray(outputs[only_output([*outputs], self.output)], np.float32)
        scores = activate(raw.transpose(self.axes), self.score_activation)
        return [self._text(each) for each in scores]

    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Give the text as the label."""
        (found,) = self.decode(outputs)
        return (Prediction(label=found.text, score=found.score),)

    def _text(self, probabilities: NDArray[np.float32]) -> ReadText:
        tokens = self.tokens
        text = "".join(tokens[index] for index in self.read(probabilities))
        best = probabilities.max(1)
        return ReadText(text, float(best.mean()) if best.size else 1.0)


class CtcRule(TextRule):
    """Connectionist temporal classification: Graves et al. 2006.

    Equal classes in a row are one character, and the blank is none.

    Attributes:
        order: "batch_first" is [N, T, C], "time_first" [T, N, C], as `torch.nn.CTCLoss` takes it.
        beam_width: With 1, the best class of each place counts; with more, the best of that many
            texts, each by the probability of all the ways to write it.
    """

    kind: Literal["ctc"] = "ctc"
    order: Literal["batch_first", "time_first"] = "batch_first"
    blank: int = Field(default=0, ge=-1)
    beam_width: int = Field(default=1, ge=1)

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Take an axis of one element that is not the first for that of the samples."""
        found = []
        for output, (samples, places, classes) in cls.outputs_of_text(shapes):
            keys: dict[str, Any] = {"kind": "ctc", "alphabet": EXAMPLE, **output}
            if samples not in (1, None) and places in (1, None):
                keys["order"] = "time_first"
            many = "the" if classes is None else f"{classes - 1}"
            note = f"alphabet: {many} characters in the order of the classes, without the blank, 0"
            found.append(Reading(keys, ("alphabet",), note=note))
        return tuple(found)

    @property
    def axes(self) -> tuple[int, int, int]:
        """Time may come first."""
        return (0, 1, 2) if self.order == "batch_first" else (1, 0, 2)

    def read(self, probabilities: NDArray[np.float32]) -> tuple[int, ...]:
        """Follow the best class, or search with a beam."""
        blank = self.blank % self.classes
        if self.beam_width > 1:
            return beam_search(probabilities.astype(np.float64), blank, self.beam_width)
        path = probabilities.argmax(1)
        starts = np.append(True, path[1:] != path[:-1])[: len(path)]
        return tuple(int(each) for each in path[starts & (path != blank)])


class SlotsRule(TextRule):
    """One class for each of a fixed number of places, [N, S, C]; a blank is passed over."""

    kind: Literal["slots"] = "slots"
    blank: int | None = Field(default=None, ge=-1)

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Ask for samples first; whether a class is a blank is not to be seen."""
        found = []
        for output, (samples, _, classes) in cls.outputs_of_text(shapes):
            many = "the" if classes is None else f"{classes}"
            note = f"alphabet: {many} characters in the order of the classes; blank if one is none"
            if samples in (1, None):
                keys = {"kind": "slots", "alphabet": EXAMPLE, **output}
                found.append(Reading(keys, ("alphabet",), note=note))
        return tuple(found)

    @property
    def axes(self) -> tuple[int, int, int]:
        """As they lie."""
        return (0, 1, 2)

    def read(self, probabilities: NDArray[np.float32]) -> tuple[int, ...]:
        """Take the best class of each place."""
        return tuple(int(each) for each in probabilities.argmax(1))


def beam_search(probabilities: NDArray[np.float64], blank: int, width: int) -> tuple[int, ...]:
    """Find the likeliest text: prefix beam search (Hannun et al. 2014), with no language model.

    Args:
        probabilities: [places, classes].
        blank: Its index.
        width: How many prefixes are kept at each place.

    Returns:
        The classes of its characters.
    """
    # Of each prefix, the probability of the ways that end in a blank, and that do not.
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for row in probabilities:
        grown: dict[tuple[int, ...], list[float]] = {}
        # Of one prefix, other classes than the best can only lead to one that is there already.
        likely = {*np.argsort(-row, kind="stable")[: width + 2].tolist()}
        likely |= {prefix[-1] for prefix in beam if prefix}
        for prefix, (ending, open_) in beam.items():
            stay = grown.setdefault(prefix, [0.0, 0.0])
            stay[0] += (ending + open_) * row[blank]
            if prefix:
                stay[1] += open_ * row[prefix[-1]]
            for each in sorted(likely):
                if each != blank:
                    longer = grown.setdefault((*prefix, each), [0.0, 0.0])
                    before = ending if prefix[-1:] == (each,) else ending + open_
                    longer[1] += before * row[each]
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        total = sum(map(sum, (each for _, each in best))) or 1.0
        # Scaled, so that a long text does not underflow.
        beam = {prefix: (a / total, b / total) for prefix, (a, b) in best}
    return max(beam, key=lambda prefix: sum(beam[prefix]))
