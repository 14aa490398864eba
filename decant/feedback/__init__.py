"""What users of the app say of the model's answers: read, counted, and made into work to label."""

from .archive import Archive, KnownModel, known_model, read_archive
from .report import import_archives

__all__ = ["Archive", "KnownModel", "import_archives", "known_model", "read_archive"]
