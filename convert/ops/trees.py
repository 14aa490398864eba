"""Ensembles of decision trees: all trees go down one level at a time, by gathers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Value, as_dtype
from ..lowering.registry import op
from .classical import labelled, of_two, transformed

COMPARISONS = {
    "BRANCH_LEQ": tf.less_equal,
    "BRANCH_LT": tf.less,
    "BRANCH_GTE": tf.greater_equal,
    "BRANCH_GT": tf.greater,
    "BRANCH_EQ": tf.equal,
    "BRANCH_NEQ": tf.not_equal,
}


@dataclass(frozen=True, slots=True)
class _Forest:
    """Nodes of all trees in one table; a leaf leads to itself.

    Attributes:
        roots: Number of every tree's first node.
        depth: Levels from a root to the deepest leaf.
        feature: The column that a node looks at.
        threshold: What it compares it with.
        modes: How; "LEAF" for leaves.
        follow: The node where the comparison holds not, and where it does, [nodes, 2].
        missing: Whether it holds for a missing value, too.
        index: Number of a node by (tree, node).
    """

    roots: Any
    depth: int
    feature: Any
    threshold: Any
    modes: Sequence[str]
    follow: Any
    missing: Any
    index: Mapping[tuple[int, int], int]


def _forest(
    ids: tuple[Sequence[int], Sequence[int]],
    follow: tuple[Sequence[int], Sequence[int]],
    tests: tuple[Sequence[int], Sequence[Any], Sequence[float]],
    missing: Sequence[int] | None,
) -> _Forest:
    """Gather ONNX's lists of nodes: tree and node numbers, successors, and what nodes compare."""
    trees, nodes = ids
    features, modes, values = tests
    index = {key: number for number, key in enumerate(zip(trees, nodes, strict=True))}
    names = [m.decode() if isinstance(m, bytes) else m for m in modes]
    both = np.array(
        [
            [number, number] if mode == "LEAF" else [index[tree, no], index[tree, yes]]
            for number, (tree, mode, yes, no) in enumerate(
                zip(trees, names, follow[0], follow[1], strict=True)
            )
        ],
        np.int32,
    )
    roots = np.unique(np.asarray(trees), return_index=True)[1].astype(np.int32)
    return _Forest(
        roots,
        _depth(roots, both),
        np.asarray(features, np.int32),
        np.asarray(values, np.float32),
        names,
        both,
        np.asarray(missing if missing else [0] * len(names), np.bool_),
        index,
    )


def _depth(roots: Any, follow: Any) -> int:
    """Steps after which every node that can be reached is a leaf."""
    reached, depth = roots, 0
    while True:
        after = np.unique(follow[reached])
        if np.array_equal(after, np.unique(reached)):
            return depth
        reached, depth = after, depth + 1


def _leaves(forest: _Forest, x: Tensor) -> Tensor:
    """The leaf that each row of x reaches in each tree, [N, trees]."""
    node = tf.zeros_like(x[:, :1], tf.int32) + forest.roots[None]
    for _ in range(forest.depth):
        value = tf.gather(x, tf.gather(forest.feature, node), axis=1, batch_dims=1)
        holds = _compared(forest, node, value)
        if forest.missing.any():
            tracks = tf.gather(forest.missing, node)
            holds = tf.logical_or(holds, tf.logical_and(tracks, tf.not_equal(value, value)))
        no, yes = (tf.gather(forest.follow[:, side], node) for side in (0, 1))
        node = tf.where(holds, yes, no)
    return node


def _compared(forest: _Forest, node: Tensor, value: Tensor) -> Tensor:
    threshold = tf.gather(forest.threshold, node)
    modes = sorted(set(forest.modes) - {"LEAF"})
    unknown = [mode for mode in modes if mode not in COMPARISONS]
    if unknown:
        raise Refused(
            "only comparisons with one value are emitted",
            f"use some of {', '.join(COMPARISONS)}",
            ("nodes_modes", unknown),
        )
    results = [COMPARISONS[mode](value, threshold) for mode in modes]
    for mode, result in list(zip(modes, results, strict=True))[1:]:
        own = tf.gather(np.array([m == mode for m in forest.modes]), node)
        results[0] = tf.where(own, result, results[0])
    return results[0]


def _weights(
    forest: _Forest,
    places: tuple[Sequence[int], Sequence[int]],
    targets: Sequence[int],
    weights: Sequence[float],
    count: int,
    silent: float = 0.0,
) -> Any:
    """What each leaf gives to each target, [nodes, targets]; `silent` where it says nothing."""
    table = np.zeros((len(forest.modes), count), np.float32)
    said = np.zeros_like(table, np.bool_)
    for tree, node, target, weight in zip(*places, targets, weights, strict=True):
        table[forest.index[tree, node], target] += weight
        said[forest.index[tree, node], target] = True
    return np.where(said, table, np.float32(silent))


AGGREGATES = {
    "SUM": tf.reduce_sum,
    "AVERAGE": tf.reduce_mean,
    "MIN": tf.reduce_min,
    "MAX": tf.reduce_max,
}
SILENT = {"MIN": np.inf, "MAX": -np.inf}
"""What a leaf gives that says nothing of a target, where it is not zero."""

DOUBLES = ["base_values_as_tensor", "nodes_hitrates_as_tensor", "nodes_values_as_tensor"]


@op(
    "ai.onnx.ml::TreeEnsembleRegressor",
    ignore=["nodes_hitrates", *DOUBLES, "target_weights_as_tensor"],
)
def tree_ensemble_regressor(
    x: AnyValue,
    *,
    aggregate_function: str,
    base_values: Sequence[float] | None,
    n_targets: int,
    nodes_falsenodeids: Sequence[int],
    nodes_featureids: Sequence[int],
    nodes_missing_value_tracks_true: Sequence[int] | None,
    nodes_modes: Sequence[Any],
    nodes_nodeids: Sequence[int],
    nodes_treeids: Sequence[int],
    nodes_truenodeids: Sequence[int],
    nodes_values: Sequence[float],
    post_transform: str,
    target_ids: Sequence[int],
    target_nodeids: Sequence[int],
    target_treeids: Sequence[int],
    target_weights: Sequence[float],
) -> Value:
    """Add up, or combine otherwise, what the leaves give to each target; x: [N, F]."""
    forest = _forest(
        (nodes_treeids, nodes_nodeids),
        (nodes_truenodeids, nodes_falsenodeids),
        (nodes_featureids, nodes_modes, nodes_values),
        nodes_missing_value_tracks_true,
    )
    places = (target_treeids, target_nodeids)
    silent = SILENT.get(aggregate_function, 0.0)
    table = _weights(forest, places, target_ids, target_weights, n_targets, silent)
    given = tf.gather(table, _leaves(forest, as_dtype(x, np.float32).plain()))
    scores = AGGREGATES[aggregate_function](given, 1)
    if silent:
        scores = tf.where(tf.abs(scores) <= scores.dtype.max, scores, 0.0)
    if base_values:
        scores = scores + np.asarray(base_values, np.float32)
    return Value.laid_out(transformed(scores, post_transform))


@op(
    "ai.onnx.ml::TreeEnsembleClassifier",
    ignore=["nodes_hitrates", *DOUBLES, "class_weights_as_tensor"],
)
def tree_ensemble_classifier(
    x: AnyValue,
    *,
    base_values: Sequence[float] | None,
    class_ids: Sequence[int],
    class_nodeids: Sequence[int],
    class_treeids: Sequence[int],
    class_weights: Sequence[float],
    classlabels_int64s: Sequence[int] | None,
    classlabels_strings: Sequence[Any] | None,
    nodes_falsenodeids: Sequence[int],
    nodes_featureids: Sequence[int],
    nodes_missing_value_tracks_true: Sequence[int] | None,
    nodes_modes: Sequence[Any],
    nodes_nodeids: Sequence[int],
    nodes_treeids: Sequence[int],
    nodes_truenodeids: Sequence[int],
    nodes_values: Sequence[float],
    post_transform: str,
) -> tuple[AnyValue, Value]:
    """Emit the label of the largest sum of leaves, and all sums; x: [N, F].

    Of two classes the leaves may know one only, as boosted trees do.
    """
    forest = _forest(
        (nodes_treeids, nodes_nodeids),
        (nodes_truenodeids, nodes_falsenodeids),
        (nodes_featureids, nodes_modes, nodes_values),
        nodes_missing_value_tracks_true,
    )
    count = len(classlabels_int64s or classlabels_strings or [])
    single = count == 2 and len(set(class_ids)) == 1
    columns = [0] * len(class_ids) if single else class_ids
    places = (class_treeids, class_nodeids)
    table = _weights(forest, places, columns, class_weights, 1 if single else count)
    leaves = _leaves(forest, as_dtype(x, np.float32).plain())
    scores = tf.reduce_sum(tf.gather(table, leaves), 1)
    if base_values:
        scores = scores + np.asarray(base_values, np.float32)
    if single:
        other = 1.0 - scores if min(class_weights) >= 0 else -scores
        label = labelled(tf.concat([other, scores], 1), classlabels_int64s)
        return label, Value.laid_out(of_two(scores, other, post_transform))
    return labelled(scores, classlabels_int64s), Value.laid_out(transformed(scores, post_transform))
