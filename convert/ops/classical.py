"""Classical machine learning (`ai.onnx.ml`) on tables of numbers: scalers and linear models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from ..layout.cut_and_join import concat
from ..layout.forms import Tensor
from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.reduction import reduce, summed
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, as_dtype
from ..lowering.registry import op
from .indexing import gather


def _softmax_zero(scores: Tensor) -> Tensor:
    """A softmax of the scores that differ from zero; the others stay."""
    raised = tf.exp(scores - tf.reduce_max(scores, -1, keepdims=True))
    raised = tf.where(tf.abs(scores) > ZERO, raised, tf.zeros_like(raised))
    return raised / tf.reduce_sum(raised, -1, keepdims=True)


def _probit(scores: Tensor) -> Tensor:
    """The normal quantile, with Winitzki's inverse of erf, as ONNX Runtime has it."""
    doubled = 2.0 * scores - 1.0
    logarithm = tf.math.log((1.0 - doubled) * (1.0 + doubled))
    middle = 2.0 / (np.pi * WINITZKI) + 0.5 * logarithm
    inverse = tf.sqrt(tf.sqrt(middle * middle - logarithm / WINITZKI) - middle)
    return np.sqrt(2.0) * tf.where(doubled < 0.0, -inverse, inverse)


ZERO = 1e-7
"""Up to here ONNX Runtime takes a score for zero."""

WINITZKI = 0.147

TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "NONE": tf.identity,
    "LOGISTIC": tf.sigmoid,
    "PROBIT": _probit,
    "SOFTMAX": tf.nn.softmax,
    "SOFTMAX_ZERO": _softmax_zero,
}


def transformed(scores: Tensor, post_transform: str) -> Tensor:
    """Scores of a model as it wants to give them, [N, K].

    Raises:
        Refused: If ONNX knows no such function.
    """
    return _function(post_transform)(scores)


def _function(post_transform: str) -> Callable[[Tensor], Tensor]:
    if post_transform not in TRANSFORMS:
        raise Refused(
            "ONNX has no such function of scores",
            f"use one of {', '.join(TRANSFORMS)}",
            ("post_transform", post_transform),
        )
    return TRANSFORMS[post_transform]


def labelled(scores: Tensor, labels: Sequence[int] | None) -> AnyValue:
    """The label of the largest score of each row, int64.

    Raises:
        Refused: If labels are texts.
    """
    if not labels:
        raise Refused(
            "the labels are texts, of which TFLite has no tensors",
            "train with whole numbers as labels, and name them outside the model",
        )
    found = tf.argmax(scores, 1, output_type=tf.int32)
    return Value.laid_out(tf.gather(tf.constant(np.asarray(labels, np.int64)), found))


def of_two(score: Tensor, other: Tensor, post_transform: str) -> Tensor:
    """Scores of two classes of which the model computes one, as ONNX Runtime gives them, [N, 2].

    Args:
        score: Of the second class, [N, 1].
        other: Of the first, where no function follows; a softmax is not one here.
        post_transform: ONNX's attribute.

    Raises:
        Refused: If it is one that ONNX Runtime makes a single score of.
    """
    if post_transform == "PROBIT":
        raise Refused(
            "of two classes it leaves one score, where ONNX says two",
            f"use one of {', '.join(sorted(TRANSFORMS.keys() - {post_transform}))}",
            ("post_transform", post_transform),
        )
    function = _function(post_transform)
    if post_transform == "LOGISTIC":
        return function(tf.concat([-score, score], 1))
    return tf.concat([other, score], 1)


def _numbers(x: AnyValue) -> AnyValue:
    return as_dtype(x, np.float32)


def _row(values: Sequence[float]) -> Constant:
    return Constant(np.asarray(values, np.float32))


@op("ai.onnx.ml::Scaler")
def scaler(
    x: AnyValue, *, offset: Sequence[float] | None, scale: Sequence[float] | None
) -> AnyValue:
    """Emit (x - offset) scale, of each column its own."""
    moved = pointwise(tf.subtract, _numbers(x), _row(offset or [0.0]))
    return pointwise(tf.multiply, moved, _row(scale or [1.0]))


@op("ai.onnx.ml::Binarizer")
def binarizer(x: AnyValue, *, threshold: float) -> AnyValue:
    """Emit 1 above the threshold, else 0."""
    return as_dtype(pointwise(lambda t: t > threshold, x), x.dtype)


@op("ai.onnx.ml::Normalizer")
def normalizer(x: AnyValue, *, norm: str) -> AnyValue:
    """Divide each row by its norm; a row of zeros stays."""
    rows = activation(_numbers(x))
    if norm == "MAX":
        size: AnyValue = reduce(tf.reduce_max, rows, [rows.rank - 1], keepdims=True)
    elif norm == "L1":
        absolute = activation(pointwise(tf.abs, rows))
        size = reduce(summed, absolute, [rows.rank - 1], keepdims=True)
    else:
        square = activation(pointwise(tf.square, rows))
        size = pointwise(tf.sqrt, reduce(summed, square, [rows.rank - 1], keepdims=True))
    return pointwise(lambda t, s: t / tf.where(tf.equal(s, 0.0), 1.0, s), rows, size)


@op("ai.onnx.ml::Imputer")
def imputer(
    x: AnyValue,
    *,
    imputed_value_floats: Sequence[float] | None,
    imputed_value_int64s: Sequence[int] | None,
    replaced_value_float: float,
    replaced_value_int64: int,
) -> AnyValue:
    """Put a column's own value where one is missing."""
    if imputed_value_floats:
        missing, values = replaced_value_float, _row(imputed_value_floats)
    else:
        missing = replaced_value_int64
        values = Constant(np.asarray(imputed_value_int64s, np.int64))
    if np.isnan(missing):
        return pointwise(lambda t, v: tf.where(tf.not_equal(t, t), v, t), x, values)
    return pointwise(lambda t, v: tf.where(tf.equal(t, missing), v, t), x, values)


@op("ai.onnx.ml::FeatureVectorizer", ignore=["inputdimensions"])
def feature_vectorizer(*values: AnyValue) -> AnyValue:
    """Join tables side by side."""
    tables = [_numbers(x if x.rank > 1 else x.reshape((x.shape[0], 1))) for x in values]
    return concat(tables, 1) if len(tables) > 1 else tables[0]


@op("ai.onnx.ml::ArrayFeatureExtractor")
def array_feature_extractor(x: AnyValue, columns: AnyValue) -> AnyValue:
    """Pick columns."""
    rows = x if x.rank > 1 else x.reshape((1, x.shape[0]))
    count = int(np.prod([size or 0 for size in columns.shape]))
    return gather(rows, columns.reshape((count,)), axis=rows.rank - 1)


@op("ai.onnx.ml::LinearRegressor")
def linear_regressor(
    x: AnyValue,
    *,
    coefficients: Sequence[float],
    intercepts: Sequence[float] | None,
    post_transform: str,
    targets: int,
) -> AnyValue:
    """Emit x W + b."""
    scores = _linear(x, coefficients, intercepts, targets)
    return Value.laid_out(transformed(scores.plain(), post_transform))


def _linear(
    x: AnyValue, coefficients: Sequence[float], intercepts: Sequence[float] | None, count: int
) -> AnyValue:
    weights = np.asarray(coefficients, np.float32).reshape(count, -1).T
    y = product(_numbers(x), Constant(weights))
    return pointwise(tf.add, y, _row(intercepts)) if intercepts else y


@op("ai.onnx.ml::LinearClassifier", ignore=["multi_class"])
def linear_classifier(
    x: AnyValue,
    *,
    classlabels_ints: Sequence[int] | None,
    classlabels_strings: Sequence[str] | None,
    coefficients: Sequence[float],
    intercepts: Sequence[float] | None,
    post_transform: str,
) -> tuple[AnyValue, AnyValue]:
    """Emit the label of the largest score and all scores; of two classes one score may stand."""
    labels = classlabels_ints or classlabels_strings or []
    count = len(coefficients) // (x.shape[-1] or 1)
    scores = _linear(x, coefficients, intercepts, count).plain()
    if count == 1 and len(labels) == 2:
        label = labelled(tf.concat([-scores, scores], 1), classlabels_ints)
        return label, Value.laid_out(of_two(scores, 1.0 - scores, post_transform))
    label = labelled(scores, classlabels_ints)
    return label, Value.laid_out(transformed(scores, post_transform))
