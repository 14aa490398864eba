"""ONNX's own node tests with numeric tensors, and which of them do not pass yet."""

from __future__ import annotations

import functools
import re
import warnings
from dataclasses import dataclass

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

NUMBERS = frozenset(
    ["float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
)


@dataclass(frozen=True)
class Case:
    """One node test: a model of one node, its inputs and its outputs."""

    name: str
    model: onnx.ModelProto
    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]
    tolerance: float


@functools.cache
def numeric_cases() -> tuple[Case, ...]:
    """All of them; to find them takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    cases = []
    for case in found:
        inputs, outputs = case.data_sets[0]
        arrays = [*inputs, *outputs]
        if all(isinstance(a, np.ndarray | np.generic) and a.dtype.name in NUMBERS for a in arrays):
            sides = [tuple(np.asarray(a) for a in side) for side in (inputs, outputs)]
            cases.append(Case(case.name, case.model, *sides, max(case.rtol, 1e-3)))
    return tuple(cases)


@dataclass(frozen=True)
class Gap:
    """Node tests that do not pass, as a pattern of their names, and why."""

    tests: str
    reason: str


EMISSION_GAPS = (
    Gap("adagrad.*|adam.*|.*momentum.*", "an optimizer: training, not inference"),
    Gap("batchnorm_.*training_mode|training_dropout(_default)?(_mask)?", "training, not inference"),
    Gap("ai_onnx_ml_tree_ensemble_set_membership", "nodes that compare with a set of values"),
    Gap("scan_sum", "operator set 8, whose Scan has a batch axis"),
    Gap("bernoulli_.*", "random numbers"),
    Gap("melweightmatrix|image_decoder.*", "TFLite has no builtin"),
)

LITE_GAPS = (
    Gap("(div|mod|pow_types_float32|top_k)_uint64", "TFLite computes no uint64"),
    Gap("reduce_log_sum_exp_empty_set_expanded", "LiteRT reduces no tensor without elements"),
)


def gap_of(name: str, gaps: tuple[Gap, ...]) -> str | None:
    """Why a case is not expected to pass, None if it is."""
    found = (gap.reason for gap in gaps if re.fullmatch(f"test_({gap.tests})", name))
    return next(found, None)
