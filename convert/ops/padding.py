"""Turns ONNX padding into what TFLite has: none, SAME, or an explicit pad first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..layout.refused import FreeSize
from ..layout.view import Size


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window along one axis, or along several in lists of them.

    Attributes:
        kernel: Number of taps.
        stride: Step between windows.
        dilation: Step between taps.
        begin: Elements of padding in front.
        end: Elements of padding behind.
        follows: Whether the padding is SAME_UPPER's of a size that is known at run time only;
            `begin` and `end` say nothing then.
    """

    kernel: int
    stride: int
    dilation: int
    begin: int
    end: int
    follows: bool = False

    @property
    def extent(self) -> int:
        """Elements from the first tap to the last."""
        return (self.kernel - 1) * self.dilation + 1

    def count(self, size: int) -> int:
        """Number of windows over an axis of this size."""
        return (size + self.begin + self.end - self.extent) // self.stride + 1

    def is_same(self, size: Size) -> bool:
        """Whether TensorFlow's SAME padding reads the same windows."""
        if self.follows:
            return True
        if self.stride == 1 and (self.begin, self.end) == _halves(self.extent - 1):
            return True
        if size is None:
            return False
        begin, _ = _halves(max((-(-size // self.stride) - 1) * self.stride + self.extent - size, 0))
        return self.begin == begin and self.count(size) == -(-size // self.stride)

    def trimmed(self, size: Size) -> tuple[int, int]:
        """Padding without the part behind that no window reads.

        Raises:
            FreeSize: If the padding follows from a size that is not known.
        """
        if self.follows:
            raise _unknown_padding("SAME_UPPER")
        if size is None:
            return self.begin, self.end
        used = (self.count(size) - 1) * self.stride + self.extent
        return self.begin, min(self.end, max(used - size - self.begin, 0))


def _halves(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2


def windows(
    sizes: Sequence[Size],
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    pads: tuple[str, Sequence[int] | None],
) -> list[Window]:
    """Resolve ONNX's window attributes, one `Window` per spatial axis.

    Args:
        sizes: Spatial sizes of the input.
        kernel: Taps per axis.
        strides: ONNX `strides`.
        dilations: ONNX `dilations`.
        pads: ONNX `auto_pad` and `pads`.

    Raises:
        FreeSize: If `auto_pad` needs a size that is not known.
    """
    rank = len(kernel)
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    auto_pad, explicit = pads
    both = list(explicit or [0] * 2 * rank) if auto_pad == "NOTSET" else [0] * 2 * rank
    result = [
        Window(*numbers)
        for numbers in zip(kernel, strides, dilations, both[:rank], both[rank:], strict=True)
    ]
    if auto_pad in ("NOTSET", "VALID"):
        return result
    return [_auto(window, size, auto_pad) for window, size in zip(result, sizes, strict=True)]


def _auto(window: Window, size: Size, auto_pad: str) -> Window:
    if size is None and window.stride > 1:
        if auto_pad == "SAME_LOWER":
            raise _unknown_padding(auto_pad)
        return replace(window, follows=True)
    known = size or window.extent
    total = max((-(-known // window.stride) - 1) * window.stride + window.extent - known, 0)
    small, large = _halves(total)
    begin, end = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
    return Window(window.kernel, window.stride, window.dilation, begin, end)


def _unknown_padding(auto_pad: str) -> FreeSize:
    return FreeSize("the padding depends on a size that is not known", ("auto_pad", auto_pad))


def all_same(row: Sequence[Window], sizes: Sequence[Size]) -> bool:
    """Whether SAME padding serves all axes."""
    return all(window.is_same(size) for window, size in zip(row, sizes, strict=True))
