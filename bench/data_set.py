"""Names a data set so that two reports can be held to the same one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from decant.samples import QuadTruth
from decant.spec import CocoSource, FolderSource, GeneratedSource

from .schema import DataSet

if TYPE_CHECKING:
    from decant.datasets import Dataset
    from decant.samples import Truth
    from decant.spec import Source

    from .accuracy import PreparedSet


def describe_set(source: Source, dataset: Dataset, prepared: PreparedSet) -> DataSet:
    """Hash the photos and what is true of them; tags may change, they only inform.

    Args:
        source: As the spec names it.
        dataset: Opened from it.
        prepared: Made from it.
    """
    photo = {sample_id: digest for digest, sample_id in dataset.fingerprints().items()}
    digest = hashlib.sha256()
    for sample in prepared.samples:
        # Two copies of one photo share a fingerprint, which names only the last of them.
        digest.update(f"{sample.id}\0{photo.get(sample.id, 'copy')}\0".encode())
        digest.update(_truth(sample.truth))
    return DataSet(source=_name(source), images=len(prepared), sha256=digest.hexdigest())


def _name(source: Source) -> str:
    """Name a source as the spec does, without the folder of this machine."""
    if isinstance(source, CocoSource):
        return source.annotations
    if isinstance(source, FolderSource):
        return source.path
    return _generated(source)


def _generated(source: GeneratedSource) -> str:
    stop = source.start + source.count
    return f"{source.factory} ({source.split}, {source.start} … {stop - 1})"


def _truth(truth: Truth) -> bytes:
    """Write a truth as bytes that are the same on every machine."""
    if not isinstance(truth, QuadTruth):
        return f"{truth};".encode()
    fields = (("<f8", truth.boxes), ("<f8", truth.quads), ("<i8", truth.labels), ("?", truth.crowd))
    return b"".join(np.ascontiguousarray(values, dtype).tobytes() for dtype, values in fields)
