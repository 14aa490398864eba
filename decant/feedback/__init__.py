"""What users of the app say of the model's answers: read, counted, and made into work to label."""

from .archive import Archive, Expected, KnownModel, known_model, read_archive
from .consents import read_wordings
from .report import import_archives

__all__ = [
    "Archive",
    "Expected",
    "KnownModel",
    "import_archives",
    "known_model",
    "read_archive",
    "read_wordings",
]
