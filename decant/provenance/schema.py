"""The provenance of a result, as reports and manifests carry it, and short as sidecars do."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..artifacts import sha256_text, to_json


class Provenance(BaseModel):
    """Everything that a result was made from, but for the machine and the hour.

    Attributes:
        settings: The sections of the spec that take part, with their defaults.
        files: SHA-256 of what the spec names, by the key that names it, such as
            "model.checkpoint"; of a data set, of all that is read of it.
        code: SHA-256 of the user's Python files, by their path below the spec or their module, and
            of decant's own packages, by their name.
        libraries: Versions of the distributions that all of this code imports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, JsonValue]
    files: dict[str, str] = Field(default_factory=dict)
    code: dict[str, str] = Field(default_factory=dict)
    libraries: dict[str, str] = Field(default_factory=dict)


def digests(provenance: Provenance) -> dict[str, str]:
    """Shorten a provenance to one SHA-256 per section of the spec, and one of all code.

    The digest of a section is of what it says and of the files that it names.
    """
    found = {}
    for section, says in provenance.settings.items():
        files = {
            name: digest
            for name, digest in provenance.files.items()
            if name.partition(".")[0] == section
        }
        found[section] = sha256_text(to_json([says, files]))
    return {**found, "code": sha256_text(to_json([provenance.code, provenance.libraries]))}
