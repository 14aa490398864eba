"""How alike two pictures are: PSNR and SSIM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DECIBELS = 100.0
"""What equal pictures are given: a mean needs a number, and infinity is none."""
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def psnr(one: NDArray[np.floating], other: NDArray[np.floating], peak: float) -> float:
    """Give the peak signal-to-noise ratio of two pictures [H, W, C] in dB, 100 at most."""
    error = float(np.mean(np.square(one.astype(np.float64) - other)))
    least = peak**2 * 10 ** (-MOST_DECIBELS / 10)
    return float(10 * np.log10(peak**2 / max(error, least)))


def ssim(one: NDArray[np.floating], other: NDArray[np.floating], peak: float) -> float:
    """Give the structural similarity of two pictures [H, W, C], a mean over channels.

    Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity",
    2004, equation 13, under a Gaussian window of 11×11 pixels that lies wholly on the picture.

    Raises:
        DataError: If the picture is smaller than the window.
    """
    if min(one.shape[:2]) < WINDOW:
        raise DataError(
            f"a picture of {one.shape[1]}×{one.shape[0]} is too small for SSIM, whose window has "
            f"{WINDOW}×{WINDOW} pixels; give larger targets"
        )
    first, second = one.astype(np.float64), other.astype(np.float64)
    mean, mean_other = _blurred(first), _blurred(second)
    # Rounding may leave a variance below 0.
    variance = np.maximum(_blurred(first * first) - mean**2, 0)
    variance_other = np.maximum(_blurred(second * second) - mean_other**2, 0)
    covariance = _blurred(first * second) - mean * mean_other
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    alike = (2 * mean * mean_other + c1) * (2 * covariance + c2)
    whole = (mean**2 + mean_other**2 + c1) * (variance + variance_other + c2)
    return float(np.mean(alike / whole))


def _blurred(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average under the window, where it lies wholly on the picture."""
    edge = WINDOW // 2
    kernel = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)
    blurred = np.asarray(cv2.sepFilter2D(picture, cv2.CV_64F, kernel, kernel), np.float64)
    return blurred.reshape(picture.shape)[edge:-edge, edge:-edge]
