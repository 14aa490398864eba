"""Writes the tables of `docs/reference/json.md`: each field of each object, by its model."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel

from ...contract.sidecar import Sidecar
from ...parity import Parity
from ..docstrings import meanings
from .document import Answer, Document, Failure
from .feedback import ImportedDocument
from .hand_over import BundledDocument, PageDocument
from .linting import LintedDocument
from .measurement import DrawnDocument, JudgedDocument, MeasuredDocument
from .operators import OperatorsDocument
from .setting_up import InitialDocument, InstallationDocument
from .single_steps import ConvertedDocument, QuantizedDocument
from .training import ComparedDocument, TrainedDocument, TrainedInt8Document

RESULTS: Final[Mapping[str, type[Document]]] = {
    "init": InitialDocument,
    "ops": OperatorsDocument,
    "tflite": MeasuredDocument,
    "convert": ConvertedDocument,
    "lint": LintedDocument,
    "quantize": QuantizedDocument,
    "train": TrainedDocument,
    "distill": TrainedDocument,
    "distill --compare": ComparedDocument,
    "distill --qat": TrainedInt8Document,
    "bench": MeasuredDocument,
    "gate": JudgedDocument,
    "report": DrawnDocument,
    "demo": PageDocument,
    "bundle": BundledDocument,
    "doctor": InstallationDocument,
    "feedback import": ImportedDocument,
}
"""What each command finds."""

ELSEWHERE: Final[Mapping[type, str]] = {Sidecar: "[`model.json`](model.json.md)"}
"""Objects that have a page of their own."""

TITLES: Final[Mapping[type, str]] = {Parity: "Hop"}
"""What is shown for a name that two models have."""

SUFFIXES: Final = {"_bytes": "bytes", "_ms": "ms", "_db": "dB"}
"""Units that names end with."""

METRIC: Final = "the metric's"
OF_LARGEST: Final = "fraction of the largest value"
UNITS: Final[Mapping[str, str]] = {
    "Answer.exit_code": "[exit code](commands.md#exit-codes)",
    "AppliedRewrite.added": "nodes",
    "AppliedRewrite.count": "places",
    "AppliedRewrite.removed": "nodes",
    "Candidate.drop": METRIC,
    "Candidate.operators": "operators",
    "ConvertReport.op_histogram": "operators",
    "ConvertReport.schema_version": "–",
    "ConvertReport.shapes": "elements",
    "ConvertReport.traced": "fraction",
    "DataSet.images": "images",
    "Entry.confusion": "images",
    "Estimate.high": METRIC,
    "Estimate.low": METRIC,
    "Estimate.value": METRIC,
    "Finding.value": "the requirement's",
    "Gain.distilled": METRIC,
    "Gain.gains": METRIC,
    "Gain.high": METRIC,
    "Gain.low": METRIC,
    "Gain.mean_gain": METRIC,
    "Gain.undistilled": METRIC,
    "Hop.exact": OF_LARGEST,
    "Hop.max_relative": OF_LARGEST,
    "Hop.nan": "elements",
    "Hop.rms_relative": "fraction",
    "Hop.rounding": OF_LARGEST,
    "Hop.spread": OF_LARGEST,
    "Hop.step": OF_LARGEST,
    "Hop.ties": "elements",
    "Hop.tolerance": OF_LARGEST,
    "Imported.near_duplicates": "photos",
    "Imported.photos": "photos",
    "Imported.repeated_records": "records",
    "Initial.open_keys": "keys",
    "Label.count": "objects or images",
    "Label.figures": "fraction",
    "Latency.median": "ms",
    "Latency.n": "inferences",
    "Latency.other_work": "fraction",
    "Latency.p90": "ms",
    "Latency.ratio_high": "ratio",
    "Latency.ratio_low": "ratio",
    "Latency.ratio_to_reference": "ratio",
    "LintFinding.figures": "as its name ends",
    "LintReport.given_samples": "samples",
    "LintReport.operators": "operators",
    "LintReport.samples": "samples",
    "Machine.cores": "cores",
    "Operator.nodes": "nodes",
    "Operator.versions": "–",
    "OperatorGroup.drop": METRIC,
    "OperatorGroup.operators": "operators",
    "OperatorGroup.schemes": "operators",
    "Parity.max_relative": OF_LARGEST,
    "Parity.rms_relative": "fraction",
    "Parity.samples": "samples",
    "Parity.tolerance": OF_LARGEST,
    "Part.float_values": "distinct values",
    "Part.high": "the output's",
    "Part.low": "the output's",
    "Part.values": "distinct values",
    "PlanReport.budget_s": "s",
    "PlanReport.prediction_error": "fraction",
    "PlanReport.spent_s": "s",
    "PlanReport.unmeasured": "values",
    "Point.drop": METRIC,
    "Point.foreseen": "the plan's",
    "Point.latency_ratio": "of the float file's",
    "Point.schemes": "operators",
    "Profile.delegated": "operators",
    "Profile.operators": "operators",
    "Profile.outside": "operators",
    "Profile.partitions": "delegate nodes",
    "Quality.confusion": "images",
    "QuantizeReport.calibration_samples": "samples",
    "QuantizeReport.measured_samples": "samples",
    "QuantizeReport.rewrites": "places",
    "RacedFile.operators": "operators",
    "RacedFile.seconds": "s",
    "RacedFile.transposes": "operators",
    "Rate.count": "photos",
    "Rate.high": "fraction",
    "Rate.low": "fraction",
    "Rate.n": "photos",
    "Rate.value": "fraction",
    "Recipe.ranges": "the tensor's",
    "Report.display_threshold": "score, 0…1",
    "Report.seed": "–",
    "Row.limit": "`unit`",
    "Row.value": "`unit`",
    "SignaturesQuantizeReport.schema_version": "–",
    "SignaturesReport.schema_version": "–",
    "Slice.count": "images",
    "Swap.figures": "the recipe's",
    "Swapped.figures": "the recipe's",
    "TensorInfo.scale": "the tensor's, per step",
    "TensorInfo.shape": "elements",
    "TensorInfo.zero_point": "steps",
    "Trained.figures": "the recipe's",
    "TrainedInt8.figures": METRIC,
    "TrainedInt8.held_out": "samples",
    "TrainedInt8.largest_gap": "integer steps",
    "TrainedInt8.samples": "samples",
    "TrainedInt8.steps": "steps",
    "Waiting.median": "ms",
    "Waiting.n": "photos",
    "Waiting.p90": "ms",
    "Waiting.p99": "ms",
}
"""Units of other numbers, by object and field."""

BEGIN: Final = "## The object\n\n"
"""The heading of a page that all after it is written for."""

PLAIN: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Path: "path",
    type(None): "null",
    Document: "[result](#results)",
}


class Row(NamedTuple):
    """What a table says of a field."""

    name: str
    kind: str
    unit: str
    meaning: str


def tables() -> str:
    """Write a table for every object, in the order in which a reader meets them."""
    parts = [_table(Answer), "### Failure", _table(Failure), "## Results"]
    links = (f"| `{command}` | {_kind(model)} |" for command, model in RESULTS.items())
    parts.append("\n".join(("| command | result |", "|---|---|", *links)))
    for model in models():
        parts += [f"### {_title(model)}", _table(model)]
    return "\n\n".join(parts) + "\n"


def renewed(page: str) -> str:
    """Write the part of a page anew that the models determine: all from its first table on."""
    return page.partition(BEGIN)[0] + BEGIN + tables()


def rows(model: type) -> list[Row]:
    """Say of each field of an object what it is."""
    told = meanings(model)
    found = []
    for field, (name, annotation) in _fields(model).items():
        unit = _unit(model, name) if _is_number(annotation) else ""
        meaning = told.get(field, "").replace("None", "null")
        found.append(Row(name, _kind(annotation), unit, meaning))
    return found


def models() -> list[type]:
    """List the results with all that they hold, each once."""
    found: dict[type, None] = {}

    def visit(model: type) -> None:
        if model in found or model in ELSEWHERE:
            return
        found[model] = None
        for _, annotation in _fields(model).values():
            for each in filter(_is_model, _leaves(annotation)):
                visit(each)

    for model in RESULTS.values():
        visit(model)
    return list(found)


def _table(model: type) -> str:
    summary = (model.__doc__ or "").strip().partition("\n\n")[0]
    lines = [
        " ".join(summary.split()),
        "",
        "| field | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    for row in rows(model):
        lines.append(f"| `{row.name}` | {row.kind} | {row.unit} | {row.meaning} |")
    return "\n".join(lines)


def _title(model: type) -> str:
    """Name an object for the reader."""
    return TITLES.get(model, model.__name__.removesuffix("Document"))


def _fields(model: type) -> dict[str, tuple[str, Any]]:
    """Give name in JSON and annotation of each field that is written, by its name in Python."""
    if issubclass(model, BaseModel):
        return {
            name: (field.alias or name, field.annotation)
            for name, field in model.model_fields.items()
            if not field.exclude
        }
    return {name: (name, annotation) for name, annotation in get_type_hints(model).items()}


def _leaves(annotation: Any) -> list[Any]:
    """List the types that an annotation is made of."""
    inner = [each for each in get_args(annotation) if get_origin(annotation) is not Literal]
    return [leaf for each in inner for leaf in _leaves(each)] if inner else [annotation]


def _is_model(annotation: Any) -> bool:
    is_class = isinstance(annotation, type)
    return is_class and (issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation))


def _is_number(annotation: Any) -> bool:
    return any(leaf in (int, float) for leaf in _leaves(annotation))


def _unit(model: type, name: str) -> str:
    suffixed = next((unit for end, unit in SUFFIXES.items() if name.endswith(end)), "")
    return UNITS.get(f"{_title(model)}.{name}", suffixed)


def _kind(annotation: Any) -> str:
    """Write a type in the words of JSON."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inside[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(each) for each in inside)
    if origin is Literal:
        return " or ".join(f"`{each!r}`".replace("'", '"') for each in inside)
    if origin is not None and issubclass(origin, tuple | list):
        count = "" if origin is list or inside[-1] is ... else f" {len(inside)}"
        return f"list of{count} {_grouped(inside[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"object of {_grouped(inside[1])} by name"
    if annotation in ELSEWHERE:
        return ELSEWHERE[annotation]
    if annotation not in PLAIN and _is_model(annotation):
        return f"[{_title(annotation)}](#{_title(annotation).lower()})"
    return PLAIN.get(annotation, "any")


def _grouped(annotation: Any) -> str:
    kind = _kind(annotation)
    return f"({kind})" if " " in kind and "](" not in kind else kind
