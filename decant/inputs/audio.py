"""The input kind `audio`: a waveform at a fixed rate and length."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..contract.rules import AudioRule
from ..errors import DataError
from ..paths import unreadable
from .section import MOST_VALUES, InputSection, check_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contract.images import Placement
    from ..paths import AnyPath


MOST_HERTZ = 1_000_000
"""Of a waveform: sound cards reach 768 kHz, and the filter that resamples grows with the rate."""


LONGEST_RATIO = 200_000
"""Of the reduced ratio of two rates: SciPy's filter has twenty taps for each."""


class AudioSection(InputSection):
    """A waveform, resampled to the model's rate and cut or padded to its length.

    Attributes:
        shape: `[1, samples]` or `[1, channels, samples]` as the PyTorch model takes it.
        rate: Samples a second.
        pad: Where silence goes if a waveform is too short.
        cut: Which part of one that is too long is kept.
    """

    suffixes: ClassVar[frozenset[str]] = frozenset({".wav"})
    kind: Literal["audio"]
    shape: tuple[int, ...] = Field(strict=False, min_length=2, max_length=3)
    rate: int = Field(ge=1, le=MOST_HERTZ)
    pad: Literal["end", "both"] = "end"
    cut: Literal["start", "centre"] = "start"

    @property
    def rule(self) -> AudioRule:
        """How a sound becomes the tensor, for the sidecar."""
        return AudioRule(rate=self.rate, pad=self.pad, cut=self.cut)

    @property
    def onnx_shape(self) -> tuple[int, ...]:
        """Sizes of the tensor."""
        return self.shape

    @property
    def channels(self) -> int:
        """Of the waveform."""
        return self.shape[1] if len(self.shape) == 3 else 1

    def read(self, path: AnyPath) -> tuple[NDArray[np.float32], int]:
        """Read a WAV file: samples [n, channels], full scale being ±1, and their rate.

        Raises:
            DataError: If it is missing, damaged, empty, of a rate that no sound has, or of a coding
                that SciPy cannot read.
        """
        from scipy.io import wavfile

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", wavfile.WavFileWarning)
                # SciPy fills up with zeros what a damaged file lacks.
                warnings.filterwarnings("error", "Reached EOF prematurely")
                rate, samples = wavfile.read(path)
        except OSError as error:
            raise DataError(f"{path}: {unreadable(path, error)}") from error
        except Exception as error:
            raise DataError(
                f"{path}: not a WAV file that SciPy can read ({error}); convert it to 16-bit PCM"
            ) from error
        if not samples.size:
            raise DataError(f"{path}: holds no samples; leave it out, or record it again")
        if not 1 <= rate <= MOST_HERTZ:
            raise DataError(
                f"{path}: says a rate of {rate} Hz, which is not from 1 to {MOST_HERTZ}; write the "
                "true rate into its header"
            )
        return _full_scale(samples).reshape(len(samples), -1), int(rate)

    def prepare(self, value: Any) -> tuple[NDArray[np.generic], Placement | None]:
        """Resample, mix and cut a waveform: [samples] or [channels, samples] float32.

        Args:
            value: The samples [n] or [n, channels] and their rate.
        """
        waveform, rate = _checked(self.name, value)
        if rate != self.rate:
            waveform = self._resampled(waveform, rate)
        if waveform.shape[1] != self.channels:
            if self.channels != 1:
                raise ValueError(
                    f"input {self.name} takes {self.channels} channels, not {waveform.shape[1]}"
                )
            waveform = waveform.mean(1, keepdims=True)
        fitted = np.ascontiguousarray(self._fitted(waveform).T, np.float32)
        return fitted.reshape(self.shape[1:]), None

    def _resampled(self, waveform: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Bring [n, channels] to the model's rate.

        Raises:
            ValueError: If that takes too many samples, or a filter that is too long.
        """
        from scipy.signal import resample_poly

        if waveform.size * self.rate // rate > MOST_VALUES:
            raise ValueError(
                f"input {self.name} is {len(waveform) / rate:.0f} s long by its rate of {rate} "
                "Hz, too long to resample; correct the rate, or cut the sound"
            )
        shared = math.gcd(rate, self.rate)
        up, down = self.rate // shared, rate // shared
        if max(up, down) > LONGEST_RATIO:
            raise ValueError(
                f"input {self.name} has a rate of {rate} Hz, and {self.rate} : {rate} is no ratio "
                "that a filter of sensible length resamples by; correct the rate, or resample the "
                "sound beforehand"
            )
        found: NDArray[np.float32] = resample_poly(waveform, up, down, axis=0)
        return found

    def _fitted(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut or pad [n, channels] to the model's length."""
        wanted, given = self.shape[-1], len(waveform)
        if given >= wanted:
            start = (given - wanted) // 2 if self.cut == "centre" else 0
            return waveform[start : start + wanted]
        before = (wanted - given) // 2 if self.pad == "both" else 0
        return np.pad(waveform, ((before, wanted - given - before), (0, 0)))

    def tensor(self, prepared: NDArray[np.generic], *, raw: bool = False) -> NDArray[np.generic]:
        """Give it as it is."""
        return prepared

    @model_validator(mode="after")
    def _check_shape(self) -> AudioSection:
        check_sizes(self.shape)
        return self


SCALES = {"int16": (2.0**15, 0.0), "int32": (2.0**31, 0.0), "uint8": (2.0**7, 2.0**7)}
"""NumPy type of WAV samples → full scale, and what silence is."""


def _full_scale(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Bring whole numbers to -1…1; floats are so already."""
    scale, offset = SCALES.get(samples.dtype.name, (1.0, 0.0))
    return (samples.astype(np.float32) - np.float32(offset)) / np.float32(scale)


def _checked(name: str, value: Any) -> tuple[NDArray[np.float32], int]:
    """Take what a data set gives for a waveform: samples and their rate."""
    try:
        samples, rate = value
        waveform = _full_scale(np.asarray(samples))
        rate = int(rate)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"input {name} takes a waveform and its rate, (samples [n] or [n, channels], Hz)"
        ) from error
    waveform = waveform[:, np.newaxis] if waveform.ndim == 1 else waveform
    if waveform.ndim != 2 or waveform.size == 0 or rate < 1:
        raise ValueError(
            f"input {name} holds no sound: samples {list(waveform.shape)} at {rate} Hz; leave it "
            "out"
        )
    if rate > MOST_HERTZ:
        raise ValueError(
            f"input {name} has a rate of {rate} Hz, above {MOST_HERTZ}; give the true rate"
        )
    if not np.isfinite(waveform).all():
        raise ValueError(f"input {name} holds NaN or infinity; leave the sample out")
    return waveform, rate
