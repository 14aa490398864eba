"""Builds the PyTorch network of a spec and loads its checkpoint, without running code from it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from .errors import DataError, SpecError
from .factory import resolve
from .paths import content_fault, no_file
from .swaps import swap_modules
from .user_code import user_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .paths import AnyPath
    from .spec import Spec


def load_network(spec: Spec) -> torch.nn.Module:
    """Call the spec's factory and load its checkpoint; the network is in evaluation mode.

    Raises:
        SpecError: If the factory cannot be called or returns no module.
        DataError: If the checkpoint is missing, damaged, or does not fit.
    """
    if spec.model.factory is None:
        raise SpecError(
            f'model.file = "{spec.model.file}" is a finished file, and this needs the network as '
            "Python code builds it; name model.factory"
        )
    factory = resolve(spec.model.factory, spec.folder)
    torch.manual_seed(spec.seed)
    called = f"model.factory = {spec.model.factory!r}, called with {spec.model.arguments},"
    with user_code(called, "correct it or model.arguments"):
        network = factory(**spec.model.arguments)
    if not isinstance(network, torch.nn.Module) or isinstance(network, torch.jit.ScriptModule):
        raise SpecError(
            f"model.factory = {spec.model.factory!r} returned a {type(network).__name__}; "
            "return a torch.nn.Module: the network as Python code builds it, or, of a file of "
            "torch.export.save, torch.export.load(file).module(). torch.export takes no TorchScript"
        )
    if spec.model.swap:
        swap_modules(network, spec.model.swap)
    if spec.model.checkpoint is not None:
        load_weights(network, spec.file("model.checkpoint", spec.model.checkpoint))
    try:
        return network.eval()
    except NotImplementedError:
        return _as_exported(network)


def _as_exported(program: torch.nn.Module) -> torch.nn.Module:
    """Let the module of an exported program be called as any other; it computes what was traced.

    Its `eval` and `train` only raise (torch 2.13). The class's own set flags that nothing in its
    graph reads, but without which it counts as in training. It takes its inputs just as they were
    given when it was traced: by position, or by keyword.
    """
    for name in ("eval", "train"):
        vars(program).pop(name, None)
    structure = getattr(program, "_in_spec")  # noqa: B009  (mypy takes it for a tensor)

    def as_traced(_: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return pytree.tree_unflatten([*args, *kwargs.values()], structure)

    program.register_forward_pre_hook(as_traced, prepend=True, with_kwargs=True)
    return program.eval()


def channels_last(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Give the 4-D weights and buffers laid out channels last, as CPU convolutions are faster.

    `Module.to(memory_format=…)` lays them out too but fails on 5-D ones, such as the anchors of
    YOLO and Conv3d's kernels.

    Returns:
        Name → tensor; the network stays as it is.
    """
    return {
        name: tensor.detach().contiguous(memory_format=torch.channels_last)
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
        if tensor.dim() == 4
    }


def lay_out_channels_last(network: torch.nn.Module) -> None:
    """Lay a network's own 4-D weights and buffers out channels last."""
    own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    for name, tensor in channels_last(network).items():
        own[name].data = tensor


def load_weights(network: torch.nn.Module, path: AnyPath) -> None:
    """Load a `.safetensors` or weights-only `.pt` file into a network, in the network's types.

    BatchNorm's count of batches is not a weight: it may be missing.

    Raises:
        DataError: If the file is missing or damaged, its tensors do not fit the network, or hold
            NaN.
    """
    tensors = read_weights(path)
    own = network.state_dict()
    counts = {name for name in own if name.endswith("num_batches_tracked")}
    wrong = sorted(
        name
        for name in (own.keys() | tensors.keys()) - counts
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape
    )
    if wrong:
        lines = "\n".join(f"  {_difference(name, own, tensors)}" for name in wrong[:8])
        more = f"\n  and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        raise DataError(
            f"{path} does not fit the network:\n{lines}{more}\n"
            "Give the checkpoint of this very architecture, or correct model.arguments."
        )
    broken = [name for name, tensor in tensors.items() if torch.isnan(tensor).any()]
    if broken:
        raise DataError(
            f"{path}: {len(broken)} of {len(tensors)} tensors hold NaN, such as {broken[0]}; give "
            "a checkpoint from before the training diverged"
        )
    network.load_state_dict({n: t.to(own[n].dtype) for n, t in tensors.items()}, strict=False)


def read_weights(path: AnyPath) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint by name; nothing in the file is executed.

    Raises:
        DataError: If the file is missing, damaged, or holds anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"checkpoint {path}: {no_file(path)}")
    fault = content_fault(path)
    if fault is not None:
        raise DataError(f"checkpoint {path}: {fault}")
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path}: not a whole safetensors file ({error}); restore it") from error


def _read_pickle(path: Path) -> dict[str, torch.Tensor]:
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{path}: not a file of weights alone, or damaged, and code in a checkpoint is never "
            "run; save model.state_dict() with torch.save or safetensors"
        ) from error
    except Exception as error:
        # Damaged bytes drive the unpickler into whatever its opcodes happen to do.
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise DataError(
            f"{path}: not a whole checkpoint ({type(error).__name__}: {reason}); restore it"
        ) from error
    if isinstance(document, dict) and isinstance(document.get("state_dict"), dict):
        document = document["state_dict"]
    named = isinstance(document, dict) and all(isinstance(name, str) for name in document)
    if not named or not all(isinstance(value, torch.Tensor) for value in document.values()):
        raise DataError(f"{path}: holds no state dict; save model.state_dict()")
    return dict(document)


def _difference(
    name: str, own: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]
) -> str:
    """Say how a tensor of the file and of the network differ."""
    if name not in tensors:
        return f"{name}: missing in the file"
    if name not in own:
        return f"{name}: not in the network"
    return f"{name}: {list(tensors[name].shape)} in the file, {list(own[name].shape)} needed"
