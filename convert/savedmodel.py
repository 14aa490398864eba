"""Writes an emitted network as a SavedModel."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from .lowering.emit import SIGNATURE, Emission


def write(emission: Emission, folder: Path | str) -> None:
    """Write a SavedModel with the one signature "serving_default" into a new or empty folder."""
    tf.saved_model.save(emission.module, str(folder), signatures={SIGNATURE: emission.function})
