"""Names a data set so that two reports can be held to the same one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .schema import DataSet

if TYPE_CHECKING:
    from decant.datasets import Dataset, DataSource
    from decant.tasks import Task

    from .accuracy import PreparedSet


def describe_set(
    source: DataSource, dataset: Dataset, prepared: PreparedSet, task: Task
) -> DataSet:
    """Hash the photos and what is true of them; tags may change, they only inform.

    Args:
        source: As the spec names it.
        dataset: Opened from it.
        prepared: Made from it.
        task: Whose truth it holds.
    """
    photo = {sample_id: digest for digest, sample_id in dataset.fingerprints().items()}
    digest = hashlib.sha256()
    for sample in prepared.samples:
        # Two copies of one photo share a fingerprint, which names only the last of them.
        digest.update(f"{sample.id}\0{photo.get(sample.id, 'copy')}\0".encode())
        digest.update(task.truth_bytes(sample.truth))
    return DataSet(source=source.title, images=len(prepared), sha256=digest.hexdigest())
