"""A view follows NumPy through any chain of transposes, reshapes, cuts and pointwise ops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.convert.layout import view
from decant.convert.layout.cut_and_join import Part, concat, cut
from decant.convert.layout.expose import along, expose
from decant.convert.layout.pointwise import pointwise
from decant.convert.layout.product import product
from decant.convert.layout.reduction import reduce
from decant.convert.layout.tensors import Constant, Value

STEPS = settings(max_examples=60, deadline=None)
SHAPES = st.sampled_from(
    [(2, 3, 4, 5), (1, 4, 4, 4), (4, 6, 9), (2, 12, 6), (1, 1, 8, 6), (3, 16), (24,), (1, 7, 5, 3)]
)


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def channels_last(array):
    """A value as a convolution leaves it: channels last in memory, ONNX's order for the reader."""
    if array.ndim < 3:
        return Value.laid_out(tf.constant(array))
    order = (0, *range(2, array.ndim), 1)
    return Value.laid_out(tf.constant(array.transpose(order)), order)


def equal(value, array):
    assert value.shape == array.shape
    np.testing.assert_allclose(np.asarray(value.plain()), array, rtol=1e-5, atol=1e-5)


def factorings(size):
    """Ways to write a size as a shape of up to three axes."""
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    pairs = [(a, size // a) for a in divisors]
    triples = [(a, b, size // (a * b)) for a in divisors for b in divisors if size % (a * b) == 0]
    return [(size,), *pairs, *triples]


@st.composite
def chains(draw):
    """A start shape and a list of steps that are all valid one after the other."""
    shape = draw(SHAPES)
    start, steps = shape, []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["transpose", "reshape", "cut", "scale", "reduce", "outer"]))
        axis = draw(st.integers(0, len(shape) - 1))
        if kind == "transpose":
            perm = draw(st.permutations(range(len(shape))))
            steps.append((kind, tuple(perm)))
            shape = tuple(shape[p] for p in perm)
        elif kind == "reshape":
            shape = draw(st.sampled_from(factorings(math.prod(shape))))
            steps.append((kind, shape))
        elif kind == "cut" and shape[axis] > 1:
            begin = draw(st.integers(0, shape[axis] - 1))
            size = draw(st.integers(1, shape[axis] - begin))
            steps.append((kind, axis, begin, size))
            shape = (*shape[:axis], size, *shape[axis + 1 :])
        elif kind == "reduce" and len(shape) > 1:
            keep = draw(st.booleans())
            steps.append((kind, axis, keep))
            shape = (*shape[:axis], *([1] if keep else []), *shape[axis + 1 :])
        elif kind in ("scale", "outer"):
            steps.append((kind, axis))
    return start, steps


def apply_numpy(array, step):
    kind, *rest = step
    if kind == "transpose":
        return array.transpose(rest[0])
    if kind == "reshape":
        return array.reshape(rest[0])
    if kind == "cut":
        axis, begin, size = rest
        return np.take(array, range(begin, begin + size), axis)
    if kind == "reduce":
        return array.sum(rest[0], keepdims=rest[1])
    if kind == "scale":
        return array * along_axis(array.shape, rest[0])
    return array + array.mean(rest[0], keepdims=True)


def apply_value(value, step):
    kind, *rest = step
    if kind == "transpose":
        return value.transpose(rest[0])
    if kind == "reshape":
        return value.reshape(rest[0])
    if kind == "cut":
        axis, begin, size = rest
        return cut(value, axis, [Part(begin, size)])[0]
    if kind == "reduce":
        return reduce(tf.reduce_sum, value, [rest[0]], rest[1])
    if kind == "scale":
        return pointwise(tf.multiply, value, Constant(along_axis(value.shape, rest[0])))
    return pointwise(tf.add, value, reduce(tf.reduce_mean, value, [rest[0]], True))


def along_axis(shape, axis):
    """Different numbers along one axis, to broadcast against the others."""
    sizes = [size if i == axis else 1 for i, size in enumerate(shape)]
    return (np.arange(shape[axis]) % 5 - 1.5).astype(np.float32).reshape(sizes)


@STEPS
@given(chains())
def test_any_chain_computes_what_numpy_does(chain):
    shape, steps = chain
    array = numbers(shape)
    value = channels_last(array)
    for step in steps:
        array, value = apply_numpy(array, step), apply_value(value, step)
        assert value.shape == array.shape
    equal(value, array)


@STEPS
@given(chains(), chains())
def test_values_with_different_views_add(first, second):
    shape, steps = first
    one = numbers(shape)
    x = channels_last(one)
    for step in steps:
        one, x = apply_numpy(one, step), apply_value(x, step)
    other = numbers((math.prod(one.shape),), 1)
    perm = np.random.default_rng(len(second[1])).permutation(one.ndim)
    moved = other.reshape([one.shape[p] for p in perm])
    y = Value.laid_out(tf.constant(other)).reshape(moved.shape).transpose(np.argsort(perm))
    equal(pointwise(tf.subtract, x, y), one - moved.transpose(np.argsort(perm)))


@STEPS
@given(chains(), st.data())
def test_cut_parts_join_again(chain, data):
    shape, steps = chain
    array, value = numbers(shape), channels_last(numbers(shape))
    for step in steps:
        array, value = apply_numpy(array, step), apply_value(value, step)
    wide = [axis for axis, size in enumerate(array.shape) if size > 1]
    if not wide:
        return
    axis = data.draw(st.sampled_from(wide))
    border = data.draw(st.integers(1, array.shape[axis] - 1))
    parts = [Part(0, border), Part(border, array.shape[axis] - border)]
    pieces = cut(value, axis, parts)
    back = concat(pieces[::-1], axis)
    expected = np.concatenate(np.split(array, [border], axis)[::-1], axis)
    equal(back, expected)


PRODUCTS = [
    ((2, 3, 4, 5), (2, 3, 5, 6)),
    ((1, 3, 4, 5), (2, 1, 5, 6)),
    ((4, 4, 4), (4, 4, 4)),
    ((7, 5), (5, 3)),
    ((2, 4, 5), (5, 6)),
    ((5,), (2, 5, 3)),
    ((2, 4, 5), (5,)),
]


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
@pytest.mark.parametrize("constant", [False, True], ids=["two-activations", "constant-right"])
def test_products_of_any_views_are_numpys(left, right, constant):
    one, two = numbers(left), numbers(right, 1)
    for flip_left, flip_right in itertools.product([False, True], repeat=2):
        x = flipped(one) if flip_left else Value.laid_out(tf.constant(one))
        y = flipped(two) if flip_right else Value.laid_out(tf.constant(two))
        equal(product(x, Constant(two) if constant else y), np.matmul(one, two))


def flipped(array):
    """The value of an array whose memory has all axes in the opposite order."""
    return Value.laid_out(tf.constant(array.T), range(array.ndim)[::-1])


def test_constant_left_factor_multiplies():
    one, two = numbers((6, 5)), numbers((2, 5, 3), 1)
    equal(product(Constant(one), Value.laid_out(tf.constant(two))), one @ two)


def test_a_function_along_axes_sees_them_in_order():
    array = numbers((2, 3, 4, 5))
    value = channels_last(array)
    y = along(value, [3, 1], lambda t, dims: tf.cumsum(tf.reverse(t, [dims[1]]), dims[0]))
    equal(y, np.cumsum(array[:, ::-1], 3))


def test_axes_of_size_one_get_a_dimension():
    value = channels_last(numbers((1, 3, 1, 5)))
    exposed = expose(value, [0, 2])
    assert [exposed.tensor.shape[exposed.where[axis]] for axis in (0, 2)] == [1, 1]
    assert exposed.where[0] != exposed.where[2]


def test_an_arranged_form_is_made_once():
    value = channels_last(numbers((2, 3, 4, 5)))
    first = value.plain()
    assert value.plain() is first
    assert value.transpose((0, 2, 3, 1)).arrange((0,), (3,), (1,), (2,)) is first


def test_a_view_emits_nothing():
    value = channels_last(numbers((2, 12, 4, 6)))
    before = len(value.storage.forms)
    viewed = value.reshape((2, 3, 4, 24)).transpose((0, 2, 1, 3)).reshape((2, 12, 4, 6))
    assert viewed.storage is value.storage
    assert len(value.storage.forms) == before


@pytest.mark.parametrize(
    ("sizes", "shape", "groups"),
    [
        ((6, 4), (2, 3, 4), 3),
        ((2, 3, 4), (6, 4), 2),
        ((4, 6), (8, 3), 2),
        ((None, 4), (None, 2, 2), 3),
        ((None, 4, 6), (None, 24), 2),
        ((2, None, 6), (None, 6), 2),
        ((None, 5, None), (None, 5, None), 3),
    ],
)
def test_sizes_that_divide_regroup(sizes, shape, groups):
    factors = tuple(view.Factor(view.Dim(size), 1, size) for size in sizes)
    axes = view.regroup(factors, shape)
    assert axes is not None
    assert len(axes) == groups
    assert tuple(view.size_of(axis) for axis in axes) == shape


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [((2, 3), (3, 2)), ((4, 6), (6, 4)), ((None, 4), (None, None)), ((None, 3), (3, None))],
)
def test_sizes_that_do_not_divide_do_not_regroup(sizes, shape):
    factors = tuple(view.Factor(view.Dim(size), 1, size) for size in sizes)
    assert view.regroup(factors, shape) is None


def test_more_dimensions_than_tflite_transposes_move_in_two_steps():
    array = numbers((2, 3, 2, 3, 2, 2, 3))
    perm = (4, 0, 2, 5, 1, 3, 6)
    value = Value.laid_out(tf.constant(array)).transpose(perm)
    equal(value, array.transpose(perm))


def test_a_product_of_two_views_of_one_tensor_keeps_their_axes_apart():
    array = numbers((6, 2, 3))
    x = channels_last(array)
    left = x.reshape((1, 6, 2, 3))
    right = x.transpose((0, 2, 1)).reshape((6, 1, 3, 2))
    pairs = array[None] @ array.swapaxes(1, 2)[:, None]
    y = product(left, right)
    equal(y.transpose((1, 0, 2, 3)), pairs.swapaxes(0, 1))
    equal(reduce(tf.reduce_mean, product(left, right), [0], False), pairs.mean(0))


def test_a_reversed_piece_shares_a_transpose_with_the_other_pieces():
    array = numbers((1, 3, 4, 5))
    value = channels_last(array)
    backwards, first = cut(value, 2, [Part(3, 4, -1), Part(0, 1)])
    moved = backwards.transpose((0, 2, 3, 1)).reshape((1, 20, 3))
    equal(moved, array[:, :, ::-1].transpose(0, 2, 3, 1).reshape(1, 20, 3))
    equal(first, array[:, :, :1])
