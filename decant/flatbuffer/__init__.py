"""The one editor of `.tflite` flatbuffers: reads a file's graph, changes it, writes it."""

from .graph import Graph, empty_graph
from .signatures import parted, signature_keys, united

__all__ = ["Graph", "empty_graph", "parted", "signature_keys", "united"]
