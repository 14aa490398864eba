"""`report.json`, schema 3: everything that was measured, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from decant.artifacts import write_json
from decant.fidelity import Part as OutputPart
from decant.fidelity import broken
from decant.files import REPORT_SCHEMA
from decant.machine import Machine
from decant.plan_report import PlanReport
from decant.provenance import Provenance

if TYPE_CHECKING:
    from decant.paths import AnyPath
    from decant.tasks import LabelWording, Metric

Status = Literal["met", "broken", "not measured"]
"""Readers are shown "not met" for "broken"."""


ACCURACY = frozenset({"max_drop", "min_accuracy", "max_error"})
"""Requirements of how right the model is."""


class Part(BaseModel):
    """A frozen part of the report, closed to keys it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class Estimate(Part):
    """A figure with its 95 % interval.

    Attributes:
        value: Of all samples.
        low: Lower end of the interval.
        high: Upper end of it.
    """

    value: float
    low: float
    high: float


Figures = dict[str, Estimate]
"""Metric → its value, in the metric's unit."""


class MetricInfo(Part):
    """What a metric is.

    Attributes:
        wording: In a line.
        unit: "fraction", or what it is measured in; "" for a number.
        better: Which way it gets better.
    """

    wording: str
    unit: str
    better: Literal["higher", "lower"]


class LabelInfo(Part):
    """What is said of single labels.

    Attributes:
        counted: What a label has a number of.
        figures: What each figure is, in a line.
        note: One more sentence for the reader.
    """

    counted: str
    figures: dict[str, str]
    note: str


def described_metric(metric: Metric) -> MetricInfo:
    """Describe a task's metric for the report."""
    return MetricInfo(wording=metric.wording, unit=metric.unit, better=metric.better)


def described_labels(wording: LabelWording) -> LabelInfo:
    """Describe for the report what a task says of single labels."""
    return LabelInfo(
        counted=wording.counted, figures=dict(wording.figures or {}), note=wording.note
    )


class Latency(Part):
    """Time of one inference at one number of threads.

    Attributes:
        median: Milliseconds.
        p90: Milliseconds.
        n: Inferences timed.
        ratio_to_reference: Median over rounds of this file's time to the float file's.
        ratio_low: Lower end of the ratio's 95 % interval; None if too few rounds give one.
        ratio_high: Upper end of it.
        other_work: Share of the CPU time of the cores that other work had while all files were
            timed with this number of threads; None where the system does not say.
    """

    median: float = Field(gt=0)
    p90: float = Field(gt=0)
    n: int = Field(gt=0)
    ratio_to_reference: float = Field(gt=0)
    ratio_low: float | None
    ratio_high: float | None
    other_work: float | None = Field(default=None, ge=0, le=1)


class Footprint(Part):
    """What it costs to have the file loaded, from a process of its own.

    Attributes:
        load_ms: From opening the file to the end of the first inference.
        peak_memory_bytes: Largest resident set of the process, Python included.
        model_memory_bytes: By how much that exceeds the process before it opened the file.
    """

    load_ms: float
    peak_memory_bytes: int
    model_memory_bytes: int


class Profile(Part):
    """Which operators the file has and who runs them.

    Attributes:
        operators: Operator → count.
        outside: The part of these that XNNPACK did not take.
        delegated: How many operators XNNPACK took.
        partitions: Into how many delegate nodes it put them; each further one cuts the graph.
    """

    operators: dict[str, int]
    outside: dict[str, int]
    delegated: int
    partitions: int


class Parity(Part):
    """How far one output is from the same output of another form of the model.

    Attributes:
        hop: The two forms, such as "pytorch → static_int8".
        output: The model's name for it.
        max_relative: Largest difference over the other's largest magnitude.
        rms_relative: Root mean square of the difference over that of the other.
        tolerance: Largest `max_relative` allowed; None where nothing is required.
        samples: Number of real inputs; None where the hop's own report does not say.
    """

    hop: str
    output: str
    max_relative: float
    rms_relative: float
    tolerance: float | None = None
    samples: int | None = None


class Slice(Part):
    """Figures on the images of one tag; they inform and decide nothing.

    Attributes:
        count: Images that have the tag.
        accuracy: By metric.
        drop: The same against PyTorch; positive is worse.
    """

    count: int
    accuracy: Figures
    drop: Figures


class Label(Part):
    """How right a model is on one label of the test set; informs and decides nothing.

    Attributes:
        name: Of the label.
        count: True objects, or images, of the label.
        figures: What the task measures of each label; None where that is not defined.
    """

    name: str
    count: int = Field(ge=0)
    figures: dict[str, float | None]


Confusion = dict[str, dict[str, int]]
"""True label → label named → images; what never occurred is left out."""


class Quality(Part):
    """How right a model is on one data set; drops are against PyTorch, positive is worse.

    `labels` and `confusion` are of the test set alone.

    Attributes:
        accuracy: By metric.
        drop: The same against PyTorch.
        slices: By tag.
        labels: How right it is on each label, in the spec's order.
        confusion: Of a classifier, what it named for what.
    """

    accuracy: Figures = Field(default_factory=dict)
    drop: Figures = Field(default_factory=dict)
    slices: dict[str, Slice] = Field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    confusion: Confusion = Field(default_factory=dict)


class Entry(Part):
    """Everything measured of one file.

    Attributes:
        name: Of the candidate; "float" for the reference.
        file: Name in the report's folder.
        sha256: Of the file.
        size_bytes: Of the file.
        quantizer: Library that made it, with its version; None for the reference.
        parts: What it keeps of its outputs against the float file, on calibration samples that were
            held out; empty where that was not judged.
        latency_ms: "threads_1" and so on.
        footprint: Load time and memory.
        profile: Operators.
        accuracy: Metric → fraction, on the test set.
        drop: The same against PyTorch; positive is worse.
        slices: Tag → the same, on the test set.
        labels: How right it is on each label of the test set, in the spec's order.
        confusion: Of a classifier, what it named for what, on the test set.
        validation: On the validation set, which the choice is made on.
        parity: Against other forms of the model.
        chosen: Whether this is `model.tflite`.
    """

    name: str
    file: str
    sha256: str
    size_bytes: int = Field(gt=0)
    quantizer: str | None = None
    parts: tuple[OutputPart, ...] = ()
    latency_ms: dict[str, Latency]
    footprint: Footprint
    profile: Profile
    accuracy: Figures = Field(default_factory=dict)
    drop: Figures = Field(default_factory=dict)
    slices: dict[str, Slice] = Field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    confusion: Confusion = Field(default_factory=dict)
    validation: Quality = Quality()
    parity: tuple[Parity, ...] = ()
    chosen: bool = False

    @property
    def fit(self) -> bool:
        """Whether no part of an output has lost its information."""
        return not broken(self.parts)


class PyTorch(Part):
    """The model that drops are counted from.

    Attributes:
        test: On the test set.
        validation: On the validation set.
    """

    test: Quality
    validation: Quality


class DataSet(Part):
    """A data set as it was measured on.

    Attributes:
        source: As the spec names it.
        images: How many.
        sha256: Of the photos and their labels, in order.
    """

    source: str
    images: int
    sha256: str


class Data(Part):
    """The choice is made on `validation`; `test` only reports.

    Attributes:
        test: That the figures are of.
        validation: That the choice is made on.
    """

    test: DataSet
    validation: DataSet


class Finding(Part):
    """What one file has to say to one requirement.

    Attributes:
        value: None if not measured.
        status: Whether the file meets it.
    """

    value: float | None
    status: Status


class Row(Part):
    """One requirement of the spec, and whether the chosen file meets it.

    Attributes:
        requirement: Its key in the spec, such as "max_drop".
        limit: In `unit`.
        unit: Of accuracy the metric's, such as "fraction"; else "bytes", "ms", "ratio" or "qps".
        subject: What is held against the limit, in words.
        value: Of the chosen file, accuracy on the test set; None if not measured.
        status: Whether the chosen file meets it.
        required: Whether a value that was not measured counts as a failure.
        busy: Whether it is about times that were taken on a busy machine.
        candidates: File name → its value, accuracy on the validation set; the choice is made
            on these.
    """

    requirement: str
    limit: float
    unit: str
    subject: str
    value: float | None
    status: Status
    required: bool
    busy: bool = False
    candidates: dict[str, Finding]

    @property
    def about_accuracy(self) -> bool:
        """Whether it is about how right the model is, and so about a data set."""
        return self.requirement in ACCURACY

    @property
    def passed(self) -> bool:
        """Whether the gate lets this row through."""
        return self.status == "met" or (self.status == "not measured" and not self.required)


class Choice(Part):
    """Which file became `model.tflite`, and why.

    Attributes:
        name: Of the file.
        reason: Why this one.
        passed_over: A line for each faster file, or for every file where none meets all
            requirements: which it breaks, by its validation figures.
    """

    name: str
    reason: str
    passed_over: tuple[str, ...] = ()


class EvidenceFile(Part):
    """Where the chosen file's answers to the test set are kept, for paired comparisons.

    Attributes:
        file: Name in the report's folder.
        sha256: Of that file.
    """

    file: str
    sha256: str


class Swapped(Part):
    """What was swapped in the network before it was converted, and what that cost.

    Attributes:
        modules: Path → what became of it, such as "GELU → hard_swish".
        figures: "original", "swapped" (before it was retrained) and "retrained" → the recipe's
            figures on its validation data, by name; empty where the checkpoint does not say.
    """

    modules: dict[str, str]
    figures: dict[str, dict[str, float]]


class Report(Part):
    """A whole `report.json`.

    Attributes:
        schema_version: Of this format.
        model: Name of the model.
        machine: What the costs were measured on.
        metric: The task's metric that requirements are about; None for a file without a spec.
        metrics: What each metric is.
        label_wording: What the figures of single labels are; None for a file without a spec.
        serving: Where the model will answer, as the spec says; None for a file without a spec.
        display_threshold: Lowest score that an app shows, as the spec says; None where it shows
            every answer.
        data: The data sets; None for a file without a spec.
        original: What ran the model before conversion: "PyTorch", "ONNX Runtime", or "the given
            file", a float TFLite file.
        swapped: What that model has in place of the author's own modules; None where nothing was
            swapped.
        pytorch: That model; None for a file without a spec. (Named before there were others.)
        reference: The float file.
        candidates: The others, in the order they were made.
        choice: Which file is `model.tflite`.
        verdict: One row per requirement.
        evidence: Of the chosen file on the test set.
        seed: Of the bootstrap.
        made_from: Checkpoint, code, data and spec that all of this speaks of; None for a file
            without a spec, and in a report of schema 1.
        plan: How mixed files were searched for, on calibration data, and what each module costs;
            None where none were.
    """

    schema_version: Literal[3] = Field(default=REPORT_SCHEMA, alias="schema")
    model: str
    machine: Machine
    metric: str | None = None
    metrics: dict[str, MetricInfo] = Field(default_factory=dict)
    label_wording: LabelInfo | None = None
    serving: Literal["on-device", "server"] | None = None
    display_threshold: float | None = None
    data: Data | None = None
    original: str = "PyTorch"
    swapped: Swapped | None = None
    pytorch: PyTorch | None = None
    reference: Entry
    candidates: tuple[Entry, ...] = ()
    choice: Choice
    verdict: tuple[Row, ...] = ()
    evidence: EvidenceFile | None = None
    seed: int = 0
    made_from: Provenance | None = None
    plan: PlanReport | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The reference and all candidates."""
        return (self.reference, *self.candidates)

    @property
    def chosen(self) -> Entry:
        """The file that is `model.tflite`."""
        return next(entry for entry in self.entries if entry.chosen)

    @property
    def passed(self) -> bool:
        """Whether the chosen file meets what the spec requires."""
        return all(row.passed for row in self.verdict)

    def save(self, path: AnyPath) -> None:
        """Write the report; equal reports give equal bytes.

        Raises:
            DataError: If the file cannot be written.
        """
        write_json(Path(path), self.model_dump(mode="json", by_alias=True))


def json_schema() -> dict[str, Any]:
    """Give the JSON schema of `report.json`, for readers in other languages."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"decant report, schema {REPORT_SCHEMA}",
        **Report.model_json_schema(by_alias=True),
    }
