"""Finds all that a spec's result is made from: what stages run again for, and what makes it stale.

Both are drawn from here, so that a report which no stage would make anew is never called stale, and
none passes that one would. Only how the page is drawn makes nothing stale: it is drawn anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..artifacts import files_in, sha256, sha256_listing, sha256_text, to_json
from ..errors import DataError
from ..external_data import check_external
from ..source_code import Code, factory_code, library_version, package_code
from .folders import hash_folder
from .schema import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ..datasets import DataSource
    from ..spec import Spec

SECTIONS: Final = (
    *(
        "model",
        "input",
        "inputs",
        "task",
        "data",
        "requirements",
        "quantization",
        "licences",
        "seed",
    ),
)
"""What a result depends on; nothing measured depends on `training`, nor on what `gate` names."""
PARTS: Final = ("calibration", "validation", "test")

# What is under way in every stage, and what makes photos into tensors.
STAGES, PHOTOS = "decant.pipeline.stages", "decant.pipeline.conversion"
# How a report is drawn: a page drawn otherwise says the same of the same files.
DRAWING = "decant.bench.drawing"
CODE: Final[Mapping[str, tuple[str, ...]]] = {
    "data": (STAGES,),
    "convert": (STAGES, PHOTOS, "decant.convert"),
    "quantize": (STAGES, PHOTOS, "decant.quantize"),
    "measure": (STAGES, "decant.bench"),
    "release": (STAGES, "decant.pipeline.release"),
    "report": (STAGES, "decant.bench", DRAWING),
}
"""By stage, the modules and packages of ours that take part besides the core."""
LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {"convert": ("onnxscript",)}
"""By stage, distributions that none of ours imports: PyTorch's exporter works by onnxscript."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What one part of a spec leads to.

    Attributes:
        files: SHA-256 by the key that names the file.
        code: Of the user's function; none of it where the part names no function.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    code: Code = field(default_factory=lambda: Code({}, {}))

    def inputs(self) -> dict[str, str]:
        """List all of it as the inputs of a stage."""
        libraries = {f"library {name}": each for name, each in self.code.libraries.items()}
        return {**self.files, **self.code.files, **libraries}


@dataclass(frozen=True, slots=True)
class Origins:
    """All that a spec leads to, as it was when it was collected.

    Attributes:
        spec: The spec.
        network: The PyTorch network.
        data: By part.
        recipe: The quantization recipe; empty if the spec names none.
    """

    spec: Spec
    network: Origin
    data: Mapping[str, Origin]
    recipe: Origin

    def data_inputs(self, *parts: str) -> dict[str, str]:
        """Hash what the samples of each part are made from: its keys, and what they lead to."""
        keys = sections(self.spec, "data")["data"]
        return {
            f"data.{part}": sha256_text(to_json([keys[part], self.data[part].inputs()]))
            for part in parts
        }

    def provenance(self) -> Provenance:
        """Name everything, decant's own code included but for what draws the page."""
        everything = (self.network, *self.data.values(), self.recipe)
        packages = {"decant", *(name for names in CODE.values() for name in names)} - {DRAWING}
        ours = {name: package_code(name) for name in sorted(packages)}
        extra = {name: library_version(name) for names in LIBRARIES.values() for name in names}
        return Provenance(
            settings=sections(self.spec, *SECTIONS),
            files=_union(origin.files for origin in everything),
            code=_union(origin.code.files for origin in everything)
            | {name: code.sha256 for name, code in ours.items()},
            libraries=_union(origin.code.libraries for origin in everything)
            | _union(code.libraries for code in ours.values())
            | {name: version for name, version in extra.items() if version is not None},
        )


def collect(spec: Spec) -> Origins:
    """Hash all that a spec leads to.

    Raises:
        SpecError: If a function that it names is nowhere to be found.
        DataError: If a file that it names is missing or cannot be read.
    """
    codes: dict[str, Code] = {}

    def code(reference: str) -> Code:
        if reference not in codes:
            codes[reference] = factory_code(reference, spec.folder)
        return codes[reference]

    recipe = spec.quantization.recipe
    return Origins(
        spec,
        network=Origin(
            _network_files(spec),
            *(() if spec.model.factory is None else (code(spec.model.factory),)),
        ),
        data={
            part: Origin(_data_files(spec, part, source), *_codes(source, code))
            for part in PARTS
            for source in (getattr(spec.data, part),)
        },
        recipe=Origin({} if recipe is None else _file(spec, "quantization.recipe", recipe)),
    )


def provenance_of(spec: Spec) -> Provenance:
    """Say what a result would be made from now.

    Raises:
        SpecError: If a function that the spec names is nowhere to be found.
        DataError: If a file that it names is missing or cannot be read.
    """
    return collect(spec).provenance()


def sections(spec: Spec, *names: str) -> dict[str, Any]:
    """Give sections of a spec as JSON, with their defaults."""
    free = bool(spec.free_sizes and {"input", "inputs"} & {*names})
    wanted = {*names, "sizes"} if free else {*names}
    document: dict[str, Any] = spec.model_dump(mode="json", include=wanted)
    if free:
        document["free_sizes"] = {
            name: {str(axis): size for axis, size in axes.items()}
            for name, axes in spec.free_sizes.items()
        }
    # Of the two ways to write inputs a spec has one.
    return {name: each for name, each in document.items() if name != "inputs" or each}


def _network_files(spec: Spec) -> dict[str, str]:
    """Hash the files that the sections `model` and `task` name."""
    model = spec.model
    found = {} if model.checkpoint is None else _file(spec, "model.checkpoint", model.checkpoint)
    if model.file is not None:
        found |= _file(spec, "model.file", model.file)
        if model.file.lower().endswith(".onnx"):
            file = spec.path(model.file)
            for name in check_external(file):
                found[f"model.file: {name}"] = sha256(file.parent / name)
    for index, name in enumerate(model.operators):
        found |= _file(spec, f"model.operators[{index}]", name)
    for key, name in spec.task.files.items():
        found |= _file(spec, f"task.{key}", name)
    for key, text in model.arguments.items():
        digest = _hash_argument(spec, text) if isinstance(text, str) else None
        if digest is not None:
            found[f"model.arguments.{key}"] = digest
    return found


def _hash_argument(spec: Spec, text: str) -> str | None:
    """Hash what an argument names if the factory may well read it: a file, or a folder of such.

    A folder that the spec lies in holds everything, results too. Code below the spec counts as
    code, and what Python makes of it not at all.
    """
    path, folder = spec.path(text), spec.folder.resolve()
    # Not Path.is_dir, which raises where a text is too long for a name.
    if os.path.isfile(path):
        return sha256(path)
    if not os.path.isdir(path) or folder.is_relative_to(path.resolve()):
        return None
    counted = path.resolve().is_relative_to(folder)
    files = [
        file
        for file in files_in(path, enter=lambda below: below.name != "__pycache__")
        if not (counted and file.suffix == ".py")
    ]
    digests = {file.relative_to(path).as_posix(): sha256(file) for file in files}
    return sha256_listing(digests) if digests else None


def _codes(source: DataSource, code: Callable[[str], Code]) -> tuple[Code, ...]:
    """Read the code that a data set is made by, if it is."""
    return () if source.code_key is None else (code(getattr(source, source.code_key)),)


def _data_files(spec: Spec, part: str, source: DataSource) -> dict[str, str]:
    """Hash the files of one data set, each under the key that names it.

    Raises:
        DataError: If one is missing, or there is a folder for a file or the other way round.
    """
    found = {}
    for key in source.path_keys:
        name, named = getattr(source, key), f"data.{part}.{key}"
        if name is not None:
            path, folder = spec.file(named, name), key in source.folder_keys
            if path.is_dir() != folder:
                raise DataError(_wrong_kind(named, name, path))
            found[named] = (
                hash_folder(*source.files_in(key, spec.folder)) if folder else sha256(path)
            )
    return found


def _file(spec: Spec, key: str, relative: str) -> dict[str, str]:
    """Hash a file under the key that names it.

    Raises:
        DataError: If it is missing, or a folder.
    """
    path = spec.file(key, relative)
    if path.is_dir():
        raise DataError(_wrong_kind(key, relative, path))
    return {key: sha256(path)}


def _wrong_kind(key: str, relative: str, path: Path) -> str:
    """Say that there is a folder for a file, or the other way round."""
    fault = "is a folder; name a file" if path.is_dir() else "is a file; name a folder"
    return f'{key} = "{relative}": {path} {fault}'


def _union(each: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for mapping in each for name, value in mapping.items()}
