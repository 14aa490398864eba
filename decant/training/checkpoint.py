"""The files of a run: the weights that ship, and the state that it resumes from."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from ..artifacts import write_bytes
from ..errors import DataError
from ..paths import AnyPath


def save_weights(model: nn.Module, path: AnyPath, dtype: torch.dtype = torch.float32) -> None:
    """Write a model's weights as safetensors, floating ones in `dtype`.

    Raises:
        DataError: If the file cannot be written.
    """
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
        # BatchNorm's step count is not a weight.
        if not name.endswith("num_batches_tracked")
    }
    write_bytes(Path(path), save(tensors))


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write what a run resumes from.

    Raises:
        DataError: If the file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_bytes(path, buffer.getvalue())


def read_state(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Read what `write_state` wrote; nothing in the file is executed.

    Raises:
        DataError: If it is damaged or comes from a run with other settings.
    """
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, OSError) as error:
        # torch's own message advises loading with code execution.
        raise DataError(f"{path}: damaged; delete it to start again") from error
    if state["settings"] != settings:
        raise DataError(
            f"{path} was made with other settings ({state['settings']}); "
            "delete it to start again, or put the settings back"
        )
    return state
