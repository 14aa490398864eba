"""Real integers in the file: the quantization that a model says, carried into TFLite's kernels.

TensorFlow's converter makes int8 files of its own choice only. So the network is emitted in float,
with markers (`markers`) where it quantizes, which the converter passes on as they are. In the file
they become QUANTIZE and DEQUANTIZE, and what stands between two of them an int8 kernel. Weights
need no marker: those that were integers are found again, because int8 holds them without loss.
"""

from .integers import to_integers
from .names import STEP, holds_markers, marked
from .wiring import NoKernel

__all__ = ["STEP", "NoKernel", "holds_markers", "marked", "to_integers"]
