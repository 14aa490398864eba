"""The reference of `model.toml` names the keys that a spec has, with their defaults."""

import re
import tomllib
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from decant import spec
from decant.contract.decode import (
    RULES,
    ArgmaxRule,
    BoxesScoresRule,
    BoxRule,
    CtcRule,
    EndToEndRule,
    QuadGridRule,
    SegmentationRule,
    SlotsRule,
    SsdRule,
    TextRule,
    YoloRule,
)
from decant.datasets import SOURCES
from decant.datasets.arrays import ArraysSource
from decant.datasets.coco import CocoSource
from decant.datasets.folder import FolderSource
from decant.datasets.generated import GeneratedSource
from decant.datasets.masks import MasksSource
from decant.datasets.table import TableSource
from decant.datasets.user_dataset import DatasetSource
from decant.inputs import SECTIONS as INPUTS
from decant.inputs import ArraySection, AudioSection, ImageSection
from decant.quantization import Group, Plan
from decant.tasks import SECTIONS as TASKS
from decant.tasks import TaskSection
from decant.tasks.classification import ClassificationSection
from decant.tasks.custom import CustomSection
from decant.tasks.detection import DetectionSection
from decant.tasks.embedding import EmbeddingSection
from decant.tasks.image import PictureSection
from decant.tasks.keypoints import KeypointsSection
from decant.tasks.quad_detection import QuadDetectionSection
from decant.tasks.regression import RegressionSection
from decant.tasks.segmentation import SegmentationSection
from decant.tasks.sequence import SequenceSection

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "model.toml.md"
SECTIONS = {
    "The file": spec.Spec,
    "`[model]`": spec.Model,
    "`[model.signatures.NAME]`": spec.SignatureSection,
    '`[input]` with `kind = "image"`': ImageSection,
    '`[input]` with `kind = "array"`': ArraySection,
    '`[input]` with `kind = "audio"`': AudioSection,
    "`[task]`": TaskSection,
    '`[task]` with `kind = "classification"`': ClassificationSection,
    '`[task]` with `kind = "detection"`': DetectionSection,
    '`[task]` with `kind = "quad_detection"`': QuadDetectionSection,
    '`[task]` with `kind = "regression"`': RegressionSection,
    '`[task]` with `kind = "segmentation"`': SegmentationSection,
    '`task.decode` with `kind = "segmentation"`': SegmentationRule,
    '`[task]` with `kind = "image"`': PictureSection,
    '`[task]` with `kind = "keypoints"`': KeypointsSection,
    '`[task]` with `kind = "sequence"`': SequenceSection,
    '`[task]` with `kind = "embedding"`': EmbeddingSection,
    '`[task]` with `kind = "custom"`': CustomSection,
    "`task.decode` of `detection`": BoxRule,
    '`task.decode` with `kind = "yolo"`': YoloRule,
    '`task.decode` with `kind = "boxes_scores"`': BoxesScoresRule,
    '`task.decode` with `kind = "ssd"`': SsdRule,
    '`task.decode` with `kind = "end_to_end"`': EndToEndRule,
    "`task.decode` of `sequence`": TextRule,
    '`task.decode` with `kind = "ctc"`': CtcRule,
    '`task.decode` with `kind = "slots"`': SlotsRule,
    '`task.decode` with `kind = "quad_grid"`': QuadGridRule,
    "`[data]`": spec.Data,
    'A source with `kind = "folder"`': FolderSource,
    'A source with `kind = "coco"`': CocoSource,
    'A source with `kind = "masks"`': MasksSource,
    'A source with `kind = "table"`': TableSource,
    'A source with `kind = "arrays"`': ArraysSource,
    'A source with `kind = "dataset"`': DatasetSource,
    'A source with `kind = "generated"`': GeneratedSource,
    "`[requirements]`": spec.Requirements,
    "`requirements.latency`": spec.Latency,
    "`[quantization]`": spec.Quantization,
    "`[quantization.plan]`": Plan,
    "`[[quantization.groups.RECIPE]]`": Group,
    "`[training]`": spec.Training,
    "`training.distillation`": spec.Distillation,
    "`[gate]`": spec.Gate,
}
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)


def documented():
    parts = re.split(r"^## (.+)$", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    tables = {name: ROW.findall(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    return {name: rows for name, rows in tables.items() if rows}


def written(field):
    """What the reference writes for a default, as TOML reads it."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "–"
    if isinstance(default, BaseModel):
        return "its defaults"
    return list(default) if isinstance(default, tuple) else default


def read(cell):
    return tomllib.loads(f"x = {cell[1:-1]}")["x"] if cell.startswith("`") else cell


def test_every_section_is_documented():
    assert documented().keys() == SECTIONS.keys()


def test_every_section_of_the_spec_is_listed_here():
    defined = {each for each in vars(spec).values() if isinstance(each, type)}
    rules = {each for each in defined if issubclass(each, spec.Rule)}
    assert rules - {spec.Rule, spec.InputSection} <= {*SECTIONS.values()}
    assert {*TASKS, *SOURCES, *INPUTS} <= {*SECTIONS.values()}
    assert {*RULES} - {ArgmaxRule} <= {*SECTIONS.values()}


def keys(section):
    """List a section's keys; those of every task, and of every rule of a family, stand once."""
    fields = SECTIONS[section].model_fields
    kind = issubclass(SECTIONS[section], TaskSection) and SECTIONS[section] is not TaskSection
    shared = {"metric_better", "metric_unit"} if kind else set()
    for family in (BoxRule, TextRule):
        if issubclass(SECTIONS[section], family) and SECTIONS[section] is not family:
            general = family.model_fields
            shared = {key for key in general if written(fields[key]) == written(general[key])}
    return {key: field for key, field in fields.items() if key not in shared}


@pytest.mark.parametrize("section", SECTIONS)
def test_keys_and_defaults_are_those_of_the_spec(section):
    rows = {key: read(default) for key, _, default, _ in documented()[section]}
    assert rows == {key: written(field) for key, field in keys(section).items()}


def choices(annotation):
    if typing.get_origin(annotation) is typing.Literal:
        return {*typing.get_args(annotation)}
    return {each for part in typing.get_args(annotation) for each in choices(part)}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_choice_is_named(section):
    rows = {key: " ".join(cells) for key, *cells in documented()[section]}
    for key, field in keys(section).items():
        assert all(f'"{choice}"' in rows[key] for choice in choices(field.annotation)), key
