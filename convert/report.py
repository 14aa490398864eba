"""What a conversion did and how well it was verified, as `convert.json` says it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, field_serializer

from decant.files import CONVERSION_SCHEMA, SIGNATURES_SCHEMA
from decant.parity import Parity
from decant.tensors import TensorInfo, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator


class AppliedRewrite(BaseModel):
    """How often one rewrite applied, and what that changed.

    Attributes:
        name: Of the rewrite.
        accuracy: "exact" (equal but for rounding) or "bounded" (asked for).
        count: Places in the graph.
        removed: Operator → how many of its nodes went.
        added: Operator → how many of its nodes came.
        nodes: Names of the model's own nodes that went.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    accuracy: str
    count: int
    removed: dict[str, int] = {}
    added: dict[str, int] = {}
    nodes: tuple[str, ...] = ()


class ConvertReport(BaseModel):
    """A conversion that passed its verification.

    Attributes:
        schema_version: Of `convert.json`.
        onnx: The ONNX file.
        saved_model: The SavedModel's folder.
        tflite: The float file.
        trace: The map from the file's tensors to the model's.
        inputs: Inputs of the file, in the model's order.
        outputs: Outputs of the file, in the model's order.
        shapes: All sizes, in ONNX axis order, of inputs that the model leaves free and that were
            fixed; None for a size that stayed free.
        parity: Every hop and output, and last PyTorch (or ONNX) against the file.
        rewrites: Which rewrites applied.
        op_histogram: Operator → count.
        lowest_runtime: Oldest runtime version that has all operators of the file, as TensorFlow's
            converter states it; None where it does not.
        traced: Share of the file's activations that `trace` maps.
        samples: What was verified with: count and whether they were given or random.
        warnings: What the user should know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = CONVERSION_SCHEMA
    onnx: Path
    saved_model: Path
    tflite: Path
    trace: Path
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    shapes: dict[str, tuple[int | None, ...]] = {}
    parity: tuple[Parity, ...]
    rewrites: tuple[AppliedRewrite, ...]
    op_histogram: dict[str, int]
    lowest_runtime: str | None = None
    traced: float
    samples: str
    warnings: tuple[str, ...]

    @field_serializer("onnx", "saved_model", "tflite", "trace", when_used="json")
    def _name_only(self, path: Path) -> str:
        """Write file names only: the report does not depend on the folder it lies in."""
        return path.name

    def lines(self) -> Iterator[str]:
        """Say the outcome for a terminal."""
        for hop in dict.fromkeys(parity.hop for parity in self.parity):
            worst = max((p for p in self.parity if p.hop == hop), key=lambda p: p.max_relative)
            yield f"{hop}: largest relative error {worst.max_relative:.1e} ({worst.output})"
        yield f"checked with {self.samples}"
        for name, shape in self.shapes.items():
            yield f"input {name}: fixed at {sizes(shape)} (ONNX axis order); --shape has others"
        yield from self._axis_orders()
        ops = ", ".join(f"{name} {count}" for name, count in self.op_histogram.items())
        yield f"operators: {ops}"
        if self.lowest_runtime is not None:
            yield f"lowest runtime version: {self.lowest_runtime}"
        for warning in self.warnings:
            yield f"warning: {warning}"

    def _axis_orders(self) -> Iterator[str]:
        """Say of which tensors the channels have moved."""
        for role, infos in (("input", self.inputs), ("output", self.outputs)):
            for info in infos:
                if info.channels_last:
                    first, *middle, last = info.shape
                    order = info.layout.upper()
                    yield (
                        f"{role} {info.name}: N{order[-1]}{order[1:-1]}"
                        f" {sizes((first, last, *middle))} became"
                        f" {order} {sizes(info.shape)};"
                        f" --{role}-layout keep leaves it"
                    )


class SignaturesReport(BaseModel):
    """A file of several signatures, each of which passed its verification.

    Attributes:
        schema_version: Of `signatures.json`.
        tflite: The float file.
        size_bytes: Of the file.
        signatures: Name → its own conversion, whose files lie in `signatures/NAME`; the last hop
            is from the file of its own to this one.
        alone_bytes: Name → of the file of its own.
        lowest_runtime: See `ConvertReport`, of all signatures together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SIGNATURES_SCHEMA
    tflite: Path
    size_bytes: int
    signatures: dict[str, ConvertReport]
    alone_bytes: dict[str, int]
    lowest_runtime: str | None = None

    @field_serializer("tflite", when_used="json")
    def _name_only(self, path: Path) -> str:
        """Write the file's name only, as `ConvertReport` does."""
        return path.name

    def lines(self) -> Iterator[str]:
        """Say the outcome for a terminal."""
        for name, report in self.signatures.items():
            for line in report.lines():
                yield f"{name}: {line}"
        alone = ", ".join(f"{name} {size / 1e6:.3f} MB" for name, size in self.alone_bytes.items())
        yield f"all signatures in {self.size_bytes / 1e6:.3f} MB (alone: {alone})"
        if self.lowest_runtime is not None:
            yield f"lowest runtime version: {self.lowest_runtime}"


def moved(report: ConvertReport, stage: Path, target: Path) -> ConvertReport:
    """Give a report with the paths that its files have after staging."""
    root = stage.resolve()
    paths = {name: getattr(report, name) for name in ("onnx", "saved_model", "tflite", "trace")}
    staged = {name: path.resolve() for name, path in paths.items()}
    return report.model_copy(
        update={
            name: target / path.relative_to(root)
            for name, path in staged.items()
            if path.is_relative_to(root)
        }
    )


def moved_signatures(report: SignaturesReport, stage: Path, target: Path) -> SignaturesReport:
    """Give a report with the paths that its files have after staging."""
    each = {name: moved(own, stage, target) for name, own in report.signatures.items()}
    return report.model_copy(update={"tflite": target / report.tflite.name, "signatures": each})
