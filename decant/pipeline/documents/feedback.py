"""Of what users of the app say."""

from __future__ import annotations

from pathlib import Path

from ...feedback.statistics import Statistics
from .document import Document


class ImportedDocument(Document):
    """Feedback that was taken in.

    Attributes:
        folder: Where `images/` lies.
        feedback: `feedback.json`.
        candidates: `candidates.json`, photos to label.
        photos: How many candidates there are.
        near_duplicates: How many of them nearly repeat another.
        repeated_records: Records that more than one archive has, counted once.
        statistics: What the records say.
        warnings: Of personal data.
    """

    folder: Path
    feedback: Path
    candidates: Path
    photos: int
    near_duplicates: int
    repeated_records: int
    statistics: Statistics
    warnings: tuple[str, ...]
