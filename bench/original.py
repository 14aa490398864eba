"""The model as it was before decant had it: what accuracies and drops are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from decant.onnx_runtime import OnnxRuntime
from decant.runtime import LiteRtModel

from .accuracy import torch_predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from decant.paths import AnyPath
    from decant.tensors import TensorInfo

    from .accuracy import Inputs, Outputs, Predictor


@dataclass(frozen=True, slots=True)
class Original:
    """A model that others are compared with.

    Attributes:
        predictor: Makes the function that runs it, given the names of its outputs.
    """

    predictor: Callable[[Sequence[str]], Predictor]


def of_module(network: nn.Module) -> Original:
    """Take a PyTorch module, which is called with its inputs in the files' order."""
    return Original(lambda names: torch_predictor(network, names))


def of_function(function: Callable[..., Sequence[Tensor]]) -> Original:
    """Take a function of PyTorch tensors, which returns its outputs in the files' order."""
    import torch

    def predictor(names: Sequence[str]) -> Predictor:
        def predict(inputs: Inputs) -> Outputs:
            with torch.no_grad():
                found = function(*(torch.from_numpy(np.asarray(x)) for x in inputs.values()))
            return {name: x.float().numpy() for name, x in zip(names, found, strict=True)}

        return predict

    return Original(predictor)


def of_onnx(path: AnyPath) -> Original:
    """Take an ONNX file, in ONNX Runtime.

    Raises:
        DataError: If ONNX Runtime cannot load it.
    """
    runtime = OnnxRuntime(Path(path))
    return Original(lambda _names: cast("Predictor", runtime.run))


def of_tflite(
    path: AnyPath, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> Original:
    """Take a float TFLite file that somebody else made.

    Raises:
        DataError: If LiteRT cannot run it.
    """
    model = LiteRtModel(path, inputs, outputs)
    return Original(lambda _names: model.run)
