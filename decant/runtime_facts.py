"""What LiteRT and XNNPACK take, and from where on another form is faster: measured, not promised.

Each fact says the kernel or the measurement that it comes from. All are of LiteRT 2.3 on x86-64; a
newer runtime may take more, and a conversion that keeps to these still runs there.
`python -m decant.runtime_limits` measures them again.
"""

from __future__ import annotations

LITERT = "2.3"
"""The version that all of these were measured on."""

TRANSPOSE_RANK = 6
"""Dimensions that TRANSPOSE takes, LiteRT's kernel and XNNPACK's."""

REDUCE_RANK = 6
"""Dimensions that XNNPACK's reductions (MEAN, SUM) take."""

PAD_RANK = 5
"""Dimensions that LiteRT's PAD takes."""

EXPOSED_RANK = 5
"""Dimensions that LiteRT's PAD, SLICE and most others take, the least of them."""

BATCH_MATMUL_RANK = 5
"""Dimensions that LiteRT's BATCH_MATMUL takes."""

SPLIT_PARTS = 4
"""Parts that XNNPACK's SPLIT takes; beyond, slices stay in the delegate."""

CONCATENATION_INPUTS = 5
"""Inputs that XNNPACK's CONCATENATION takes."""

SLICES = 8
"""Copies by SLICE and CONCATENATION beyond which one GATHER, outside XNNPACK, is as fast."""

TRANSPOSED_WEIGHTS = 256
"""Weights per tap of a grouped transposed convolution up to which one dense kernel, with zeros
between the groups, is faster than as many small TRANSPOSE_CONV; it has as many times the weights as
there are groups.

The small ones take with 1 channel in each group 1.7 × the time of the dense one at 256 groups and
0.6 × at 512, with 2 channels 2 × at 64, with 4 channels 2.4 × at 16 and 1.0 × at 32, with 8
channels 2.2 × at 4 and 0.6 × at 16, with 16 channels 0.8 × at 4.
"""

ELEMENTS_SUMMED = 4096
"""Elements that are summed in one go.

TensorFlow, LiteRT and XNNPACK add one element after the other, so that every sum is rounded to the
size that it has reached: of equal elements the sum of 4,096 is off by 5e-5, that of 76,800 by 7e-4
(XNNPACK), and in two steps by 5e-6 at 1.2 times the time.
"""

ROW_CHANNELS = 8
"""Channels up to which a constant per channel is applied faster to whole rows.

XNNPACK applies it in one step per pixel: with so few channels that takes longer than two reshapes
(at 160×1920 values: 3 channels 1.51 → 0.10 ms in int8 and 0.33 → 0.10 in float, 8 channels
0.59 → 0.09 and 0.10 → 0.09; 16 in float 0.06 → 0.09).
"""

UNROLLED_BYTES = 2**20
"""Bytes of recurrent weights, times the steps, up to which a direction is unrolled.

XNNPACK packs a copy of the weights for every product. LSTM, batch 1, µs per step, unrolled against
the fastest loop: 32 units 8 steps 0.54 and 1.3, 32 steps 0.57 and 0.83, 200 steps 1.9 and 0.81;
96 units 8 steps 2.0 and 2.3, 32 steps 4.3 and 2.1, 200 steps 6.7 and 2.0; 256 units 8 steps 24 and
12, 32 steps 32 and 12.
"""

UNROLLED_STEPS = 16
"""Steps up to which a direction is unrolled: a conversion takes time for each."""

LOOPED_STEPS = 4
"""Steps in one iteration of a loop; more gain nothing (at 32 units 1: 1.2 µs per step, 2: 0.87,
4: 0.83, 8: 0.94; both directions together 0.70, 0.53, 0.52, 0.58)."""

LOOPED_BYTES = 3 * 2**18
"""Bytes of recurrent weights that one iteration of a loop may read (at 96 units 1 step: 2.5 µs,
2: 2.1, 4: 2.2, 8: 3.0; both directions together 1.9, 1.6, 2.2, 2.5)."""

OUTER_STEPS = (800, 40)
"""Steps in one iteration of loops around a loop; up to twice as many do without.

WHILE copies all that a loop has shown so far in every iteration: at 96 units, both directions
together, 1.6 µs per step for 32 and 40 steps, 2.5 for 200, with loops of 40 inside of one 1.8.
"""
