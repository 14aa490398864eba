"""Brings a model into the forms that routes take."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from decant.errors import UnsupportedOp
from decant.files import ONNX

if TYPE_CHECKING:
    import torch

    from ..verify.oracle import Sample
    from .reference import Reference

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms in which there is a model.

    Attributes:
        onnx: With all sizes of its inputs fixed.
        pt2: As PyTorch exports it; None if there is no such form.
        no_pt2: Why there is none.
    """

    onnx: Path
    pt2: Path | None = None
    no_pt2: str = ""

    def taken_by(self, suffix: str) -> Path:
        """Give the form of a suffix.

        Raises:
            UnsupportedOp: If there is none.
        """
        if suffix == ".onnx":
            return self.onnx
        if self.pt2 is None:
            raise UnsupportedOp(f"takes a PyTorch model (.pt2), and {self.no_pt2}")
        return self.pt2


def forms_of(source: Path | torch.nn.Module, reference: Reference, folder: Path) -> Forms:
    """Bring a model into every form that it can have.

    Args:
        source: The `.onnx` or `.pt2` file, or the module, that was converted.
        reference: Whose ONNX file and samples are the model's.
        folder: Where forms are written.
    """
    sized = _sized(reference.onnx, reference.samples[0], folder / ONNX)
    if not isinstance(source, Path):
        return _with_program(source, reference.samples[0], sized, folder / "model.pt2")
    if source.suffix.lower() == ".pt2":
        return Forms(sized, source)
    return Forms(sized, no_pt2=f"{source.name} is none; export the network with torch.export.save")


def _sized(path: Path, sample: Sample, target: Path) -> Path:
    """Write a model with the sizes of a sample where it leaves them free."""
    model = onnx.load(path, load_external_data=False)
    free = False
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name in sample and any(not dim.HasField("dim_value") for dim in dims):
            free = True
            for dim, size in zip(dims, sample[value.name].shape, strict=True):
                dim.dim_value = size
    if not free:
        return path
    onnx.load_external_data_for_model(model, str(path.parent))
    del model.graph.value_info[:]
    onnx.save(model, target)
    return target


def _with_program(network: torch.nn.Module, sample: Sample, sized: Path, target: Path) -> Forms:
    """Export a module as a program; what cannot be exported is no fault of a route."""
    import torch

    try:
        example = tuple(torch.from_numpy(array) for array in sample.values())
        torch.export.save(torch.export.export(network.eval(), example), target)
    except Exception as error:
        logger.debug("no .pt2", exc_info=error)
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return Forms(sized, no_pt2=f"torch.export cannot make one of it: {reason}")
    return Forms(sized, target)
