"""The reference names the commands, options, exit codes and schemas that there are."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from decant.cli.app import app
from decant.convert import ConvertReport
from decant.files import (
    MANIFEST_SCHEMA,
    QAT_SCHEMA,
    QUANTIZED_SIGNATURES_SCHEMA,
    REPORT_SCHEMA,
    ROUTES_SCHEMA,
    SIDECAR_SCHEMA,
    SIGNATURES_SCHEMA,
)
from decant.quantize import QuantizeReport
from decant.quantize.recipes import RecipeFile

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs/reference/files.md").read_text(encoding="utf-8")


def leaves(command, name=""):
    """Yield every command that does something, by what is typed behind `decant`."""
    if not hasattr(command, "commands"):
        yield name.strip(), command
        return
    for each, inner in command.commands.items():
        yield from leaves(inner, f"{name} {each}")


ALL = dict(leaves(get_command(app)))


def options(command):
    return {option for each in command.params for option in each.opts if option.startswith("--")}


@pytest.mark.parametrize("name", ALL)
def test_every_command_is_in_the_reference(name):
    assert re.search(rf"^\| .*`decant {name}[ `]", COMMANDS, re.MULTILINE)


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_in_the_reference(name):
    rows = re.findall(r"^\| (`-.+?) \| (.+?) \|", COMMANDS, re.MULTILINE)
    told = {
        option
        for names, of in rows
        if of.startswith("all") or f"`{name}`" in of
        for option in re.findall(r"--[\w-]+", names)
    }
    assert options(ALL[name]) - {"--help"} <= told


def test_the_reference_names_no_other_option():
    every = set().union(*map(options, ALL.values()))
    assert {*re.findall(r"`[^`\n]*?(--[\w-]+)", COMMANDS)} <= every | {"--help"}


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("model.json", SIDECAR_SCHEMA),
        ("report.json", REPORT_SCHEMA),
        ("manifest.json", MANIFEST_SCHEMA),
        ("convert.json", ConvertReport.model_fields["schema_version"].default),
        ("routes.json", ROUTES_SCHEMA),
        ("quantize.json", QuantizeReport.model_fields["schema_version"].default),
        ("signatures.json", SIGNATURES_SCHEMA),
        ("quantize_signatures.json", QUANTIZED_SIGNATURES_SCHEMA),
        ("qat.json", QAT_SCHEMA),
        ("recipe.json", RecipeFile.model_fields["schema_version"].default),
    ],
)
def test_schema_numbers_are_those_of_the_code(file, schema):
    row = re.search(rf"^\| `{re.escape(file)}` \|.*\| `schema\w*` (\d+) \|$", FILES, re.MULTILINE)
    assert int(row[1]) == schema


COPIED = re.findall(
    r"`(?:git show )?([0-9a-f]{7})`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("commit", COPIED)
def test_commits_to_copy_are_in_the_history(commit):
    git = ["git", "-C", ROOT]
    shallow = subprocess.run(
        [*git, "rev-parse", "--is-shallow-repository"], capture_output=True, text=True
    )
    if shallow.stdout.strip() != "false":
        pytest.skip("this checkout has no history")
    ended = subprocess.run([*git, "merge-base", "--is-ancestor", commit, "HEAD"])
    assert ended.returncode == 0
