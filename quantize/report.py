"""What quantization made: candidates, their recipes and their signal-to-noise ratios."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from decant.fidelity import CEILING_DB, Part
from decant.files import (
    PLAN_FILE,
    PLAN_FIT_FILE,
    PLAN_GOOD_FILE,
    QDQ_SUFFIX,
    QUANTIZATION_SCHEMA,
    QUANTIZED_SIGNATURES_SCHEMA,
)
from decant.parity import spread
from decant.plan_report import PlanReport
from decant.tensors import TensorInfo

from .recipes import Recipe
from .slices import CONSTANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    Outputs = Mapping[str, NDArray[Any]]


class QdqForm(BaseModel):
    """The ONNX form of one candidate.

    Attributes:
        file: Name in the report's folder.
        size_bytes: Of the file.
        file_snr_db: Per output, signal-to-noise ratio of its weakest part in ONNX Runtime against
            the candidate in LiteRT on the held-out samples; empty without calibration data.
        float_snr_db: Likewise, against the float file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    size_bytes: int
    file_snr_db: dict[str, float]
    float_snr_db: dict[str, float]


class Spared(BaseModel):
    """An operator that stays float, since the quantizer fails on it.

    Attributes:
        operator: Its kind.
        tensor: What it writes.
        module: Path of the PyTorch module that it comes from; "" where that is not known.
        why: How the quantizer failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: str
    tensor: str
    module: str
    why: str

    @property
    def place(self) -> str:
        """Names it for a message."""
        return f"{self.operator} {self.tensor!r}" + (f" of {self.module}" if self.module else "")


class Candidate(BaseModel):
    """One quantized file.

    Attributes:
        name: Of its recipe.
        file: Name in the report's folder.
        size_bytes: Of the file.
        inputs: As the file has them.
        outputs: As the file has them.
        quantizer: Library and version that made it.
        recipe: How it was made, with the activation ranges used.
        snr_db: Per output, signal-to-noise ratio of its weakest part against the float file on the
            held-out samples; empty without calibration data.
        parts: Of every output what was judged by itself, with what its ratio means.
        fit: Whether no part of an output has lost its information; an unfit file is not chosen.
        operators: How many of each kind the file has.
        drop: Of the metric on calibration data, against the float file; null without one.
        spared: Operators that stay float, since the quantizer fails on them.
        uncorrected: Correction that failed, or layer that one did not reach → why.
        qdq: The same as ONNX, where that was asked for and can be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    size_bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    quantizer: str
    recipe: Recipe
    snr_db: dict[str, float]
    parts: tuple[Part, ...] = ()
    fit: bool = True
    operators: dict[str, int]
    drop: float | None = None
    spared: tuple[Spared, ...] = ()
    uncorrected: dict[str, str] = Field(default_factory=dict)
    qdq: QdqForm | None = None

    @property
    def weakest_db(self) -> float:
        """The least ratio of all outputs."""
        return min(self.snr_db.values(), default=CEILING_DB)

    @property
    def qdq_file(self) -> str:
        """Name of its ONNX form, whether there is one or not."""
        return self.file.removesuffix(".tflite") + QDQ_SUFFIX


class QuantizeReport(BaseModel):
    """The outcome of `quantize`.

    Attributes:
        schema_version: Of `quantize.json`.
        folder: Where the candidates lie; not part of the JSON.
        candidates: In the order of the recipes.
        failures: Recipe name → why it made no candidate.
        float_size_bytes: Of the float file.
        calibration_samples: How many samples the ranges come from.
        measured_samples: How many other samples the ratios come from (the same one if there is
            only one); 0 without calibration data.
        rewrites: Rewrite name → how often it applied to the float graph.
        warnings: The failures, and what weakens the ratios.
        notes: What stays float in an int8 file, and what that means.
        plan: How mixed files were searched for; null where they were not.
        calibrators: Activation → the calibrator that "auto" took for it; one that is not named has
            the range of what it copies. Empty where no recipe leaves it open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = QUANTIZATION_SCHEMA
    folder: Path = Field(default=Path(), exclude=True)
    candidates: tuple[Candidate, ...]
    failures: dict[str, str]
    float_size_bytes: int
    calibration_samples: int
    measured_samples: int
    rewrites: dict[str, int]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    plan: PlanReport | None = None
    calibrators: dict[str, str] = Field(default_factory=dict)

    def path(self, candidate: Candidate) -> Path:
        """Return where a candidate lies."""
        return self.folder / candidate.file

    @property
    def no_longer_made(self) -> list[str]:
        """Names under which an earlier run may have left what this one has not.

        Those are ONNX forms of candidates that have none now, and planned files.
        """
        forms = [candidate.qdq_file for candidate in self.candidates if candidate.qdq is None]
        made = {candidate.file for candidate in self.candidates}
        return [
            *forms,
            *(file for file in (PLAN_FILE, PLAN_GOOD_FILE, PLAN_FIT_FILE) if file not in made),
        ]


class SignaturesCandidate(BaseModel):
    """One quantized file of several signatures.

    Attributes:
        name: Of its recipe.
        file: Name in the report's folder.
        size_bytes: Of the file.
        fit: Whether every signature's candidate is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    size_bytes: int
    fit: bool


class SignaturesQuantizeReport(BaseModel):
    """The outcome of `quantize_signatures`.

    Attributes:
        schema_version: Of `quantize_signatures.json`.
        folder: Where the candidates lie; not part of the JSON.
        candidates: Of all signatures, in the order of the recipes.
        left_out: Recipe that some signature has no candidate of → which, and why.
        float_size_bytes: Of the float file.
        signatures: Name → what its own candidates are worth; each of their files is part of one of
            `candidates`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = QUANTIZED_SIGNATURES_SCHEMA
    folder: Path = Field(default=Path(), exclude=True)
    candidates: tuple[SignaturesCandidate, ...]
    left_out: dict[str, str]
    float_size_bytes: int
    signatures: dict[str, QuantizeReport]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What weakens the candidates, by signature."""
        return tuple(
            f"signature {name}: {warning}"
            for name, report in self.signatures.items()
            for warning in report.warnings
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is to be known, by signature."""
        left_out = (f"{name} is not made: {why}" for name, why in self.left_out.items())
        notes = (
            f"signature {name}: {note}"
            for name, report in self.signatures.items()
            for note in report.notes
        )
        return (*left_out, *notes)


def float_islands(graph: Graph) -> dict[str, int]:
    """Count the operators of a static int8 file that compute in float, by kind."""
    kinds = Counter(
        graph.kind(operator)
        for operator in graph.operators
        if graph.kind(operator) != "DEQUANTIZE"
        and any(graph.is_float(int(tensor)) for tensor in operator.outputs)
    )
    return dict(sorted(kinds.items()))


def constant_outputs(reference: Sequence[Outputs]) -> list[str]:
    """Name the outputs that hardly depend on the sample."""
    spreads = {name: spread([out[name] for out in reference]) for name in reference[0]}
    return [name for name, apart in spreads.items() if apart is not None and apart <= CONSTANT]
