"""The reference of `model.toml` names the keys that a spec has, with their defaults."""

import re
import tomllib
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from decant import spec
from decant.rules import QuadGridRule

REFERENCE = Path(__file__).parents[2] / "docs" / "model.toml.md"
SECTIONS = {
    "The file": spec.Spec,
    "`[model]`": spec.Model,
    "`[input]`": spec.Input,
    '`[task]` with `kind = "classification"`': spec.ClassificationTask,
    '`[task]` with `kind = "quad_detection"`': spec.DetectionTask,
    "`task.decode`": QuadGridRule,
    "`[data]`": spec.Data,
    'A source with `kind = "folder"`': spec.FolderSource,
    'A source with `kind = "coco"`': spec.CocoSource,
    'A source with `kind = "generated"`': spec.GeneratedSource,
    "`[requirements]`": spec.Requirements,
    "`requirements.latency`": spec.Latency,
    "`[quantization]`": spec.Quantization,
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
    assert rules - {spec.Rule, spec.ImageRule} == {*SECTIONS.values()}


@pytest.mark.parametrize("section", SECTIONS)
def test_keys_and_defaults_are_those_of_the_spec(section):
    rows = {key: read(default) for key, _, default, _ in documented()[section]}
    assert rows == {key: written(field) for key, field in SECTIONS[section].model_fields.items()}


def choices(annotation):
    if typing.get_origin(annotation) is typing.Literal:
        return {*typing.get_args(annotation)}
    return {each for part in typing.get_args(annotation) for each in choices(part)}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_choice_is_named(section):
    rows = {key: " ".join(cells) for key, *cells in documented()[section]}
    for key, field in SECTIONS[section].model_fields.items():
        assert all(f'"{choice}"' in rows[key] for choice in choices(field.annotation)), key
