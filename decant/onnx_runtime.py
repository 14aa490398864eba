"""Runs ONNX models in ONNX Runtime, the reference that every later form is held against."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

# From 1.31 on it tells its maker of the runs; nothing of a model leaves the machine unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from decant.errors import DataError, UnsupportedOp

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

ERRORS_ONLY = 4


class RuntimeGap(UnsupportedOp):
    """A valid model that ONNX Runtime cannot run: it lacks an operator, or a type of one."""


class OnnxRuntime:
    """One ONNX model in ONNX Runtime, one thread, silent."""

    def __init__(
        self, model: bytes | Path, *, optimize: bool = True, exact_products: bool = False
    ) -> None:
        """Load a serialized model.

        Args:
            model: An ONNX file, or its bytes.
            optimize: Let ONNX Runtime fuse nodes; off keeps every node's own arithmetic.
            exact_products: Let no product of int8 overflow, whatever the processor; ONNX Runtime
                1.31 then runs no weights that are quantized by blocks.

        Raises:
            RuntimeGap: ONNX Runtime lacks an operator.
            DataError: ONNX Runtime refuses the model; its reason is in the message.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        options.intra_op_num_threads = 1
        if exact_products:
            options.add_session_config_entry(EXACT_PRODUCTS, "1")
        if not optimize:
            level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.graph_optimization_level = level
        try:
            self._session = _session(model, options)
        except failures.NotImplemented as error:
            raise _gap(error) from error
        except _FAILURES as error:
            if _is_gap(error):
                raise _gap(error) from error
            raise DataError(f"ONNX Runtime cannot load the model: {error}") from error
        inputs = self._session.get_inputs()
        self.input_names = tuple(value.name for value in inputs)
        self._floats = {v.name: FLOATS[v.type] for v in inputs if v.type in FLOATS}
        self.output_names = tuple(value.name for value in self._session.get_outputs())

    def run(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Run one sample; arrays are in ONNX axis order, by ONNX name, floats of any precision.

        Raises:
            RuntimeGap: ONNX Runtime lacks an operator.
            DataError: An input's name, shape or type does not fit, or a node failed.
        """
        try:
            results = self._session.run(None, {n: self._taken(n, x) for n, x in inputs.items()})
        except failures.NotImplemented as error:
            raise _gap(error) from error
        except (*_FAILURES, ValueError) as error:
            if _is_gap(error):
                raise _gap(error) from error
            raise DataError(f"ONNX Runtime cannot run the model: {error}") from error
        return dict(zip(self.output_names, results, strict=True))

    def _taken(self, name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """An array of floats in the precision of its input."""
        wanted = self._floats.get(name) if array.dtype.kind == "f" else None
        return array if wanted is None else array.astype(wanted, copy=False)


def _session(model: bytes | Path, options: onnxruntime.SessionOptions) -> Any:
    """Load a model; one of a newer IR version than ONNX Runtime knows as one of the newest it does.

    What IR versions add since 10 describes nothing that is computed.
    """
    providers = ["CPUExecutionProvider"]
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=providers)
    except failures.Fail as error:
        newest = NEWEST_IR.search(str(error))
        if newest is None:
            raise
        proto = (
            onnx.load_from_string(model)
            if isinstance(model, bytes)
            else onnx.load(model, load_external_data=False)
        )
        proto.ir_version = int(newest[1])
        if isinstance(model, Path):
            options.add_session_config_entry(WEIGHTS_FOLDER, str(model.resolve().parent))
        return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=providers)


def _is_gap(error: Exception) -> bool:
    return any(words in str(error).lower() for words in GAPS)


def _gap(error: Exception) -> RuntimeGap:
    reason = PREAMBLE.sub("", str(error)).strip()
    return RuntimeGap(f"ONNX Runtime has no kernel for an operator ({reason})")


def load_reference(path: Path) -> OnnxRuntime:
    """Load an ONNX file whose operators may be the user's own.

    Raises:
        RuntimeGap: ONNX Runtime lacks an operator.
        DataError: ONNX Runtime refuses the model.
    """
    model = ir.load(path)
    own = {function.domain for function in model.functions.values()}
    unknown = sorted(
        {
            f"{node.domain}::{node.op_type}"
            for node in model.graph.all_nodes()
            if node.domain not in KNOWN_DOMAINS | own
        }
    )
    if unknown:
        raise RuntimeGap(f"ONNX Runtime does not know {', '.join(unknown)}")
    return OnnxRuntime(path)


PREAMBLE = re.compile(
    r"^.*(NOT_IMPLEMENTED ?: |Status Message ?: |was false\. |, bool\) )", re.DOTALL
)
"""What stands before the reason in a message."""

NEWEST_IR = re.compile(r"Unsupported model IR version: \d+, max supported IR version: (\d+)")
"""In the message on a file that is newer than ONNX Runtime."""

EXACT_PRODUCTS = "session.x64quantprecision"
"""On x86 without VNNI, int8 products add up in 16 bits, which overflow, unless this is 1."""

WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"

GAPS = ("not supported", "under development")
"""In the message of a kernel that lacks a case which the standard has, or of the standard's
newest opset."""

FLOATS = {"tensor(float16)": "float16", "tensor(float)": "float32", "tensor(double)": "float64"}
"""ONNX Runtime's name of a type of float → NumPy's."""

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})

_FAILURES = (
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.RuntimeException,
    failures.NoSuchFile,
    failures.EPFail,
)
