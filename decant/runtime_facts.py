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

DEPTHWISE_TAPS = 25
"""Taps of a depthwise convolution up to which XNNPACK adds them up in one go.

Of more it takes several passes, and the sum of as many smaller convolutions as are needed is faster
by far: 7×7 at 56×56 of 96 channels 6.0 → 1.3 ms, with stride 2 1.6 → 0.4, at 7×7 of 768 channels
0.72 → 0.24, 9×9 at 56×56 of 64 6.7 → 1.4, 31 taps over 400 steps of 256 channels 1.4 → 0.4.
"""

DEPTHWISE_CHANNELS = 8
"""Channels from which on that is so (7×7 at 80×80 of 8 channels 0.94 → 0.59 ms, at 28×28 of 4
0.057 → 0.077)."""

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

UNROLLED_BYTES = 2**21
"""Bytes of recurrent weights, times the steps and directions, up to which a layer is unrolled.

XNNPACK packs a copy of the weights for every product. An LSTM of 64 inputs, both directions, µs per
step, unrolled against the fastest loop: 16 units 16 steps 0.84 and 1.58, 64 steps 0.93 and 1.14;
32 units 32 steps 1.69 and 1.82, 64 steps 1.59 and 1.76; 48 units 32 steps 2.61 and 2.62, 64 steps
4.2 and 2.6; 64 units 16 steps 3.6 and 3.9, 48 steps 4.9 and 3.8; 96 units 8 steps 6.8 and 7.8, 16
steps 8.3 and 6.8, 32 steps 23 and 6.5.
"""

UNROLLED_STEPS = 32
"""Steps up to which a layer is unrolled: in a conversion each takes 20 ms."""

BLOCKS = 8
"""Iterations that a loop has at least; fewer, of more steps each, gain nothing.

Every run of WHILE prepares the operators of its body anew, 3 µs and 0.08 for each, which is more
than three times what such a small operator takes (LSTMs as above, 32 steps: 48 units by 2 1.35 µs,
by 4 1.23, by 8 1.55; 64 units 1.71, 1.64 and 2.34; GRUs alike).
"""

LOOPED_STEPS = 8
"""Steps in one iteration of a loop; more gain nothing (200 steps, 16 units by 4 1.19 µs per step,
by 8 1.05, by 20 1.06, by 40 1.30; 32 units 1.87, 1.61 and 1.74)."""

LOOPED_BYTES = 9 * 2**16
"""Bytes of recurrent weights up to which an iteration of a loop takes more than one step.

More than a core's cache holds are read anew in every iteration (200 steps, LSTMs: 64 units by 2
1.9 µs per step, by 4 1.7, by 5 1.9; 96 units by 1 3.4, by 2 3.3, by 4 4.2; GRUs of 128 units by 1
4.8, by 2 5.0).
"""

TOGETHER_BYTES = 3 * 2**18
"""Bytes of recurrent weights of one step up to which both directions run in one loop."""

SHOWN_BYTES = (2**15, 2**20)
"""Bytes that loops inside of a loop show; up to twice as many do without.

WHILE copies all that it has shown twice in every iteration, at 60 GB/s: of 200 steps loops of 50
inside of one take with 64 units 3.56 µs per step against 3.73, with 32 units 1.85 against 1.58.
"""
