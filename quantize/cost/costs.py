"""What a network costs in each scheme: operators by themselves, and files of mixed schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ranges import written_by
from .operator_costs import OperatorCosts
from .prediction import predicted_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName

    from ..recipes import Recipe


class Costs(OperatorCosts):
    """Times of a network's operators, and predictions of files made of it."""

    def predict_ms(self, schemes: Sequence[SchemeName]) -> float:
        """Predict what a file takes, borders included.

        Args:
            schemes: One for each operator, such as `schemes` gives.

        Raises:
            DataError: They are more or fewer, or an operator does not take its scheme; the message
                names it.
        """
        return predicted_ms(self, schemes)

    def schemes(self, recipe: Recipe, graph: Graph) -> tuple[SchemeName, ...]:
        """Give the scheme that each operator has by a recipe, float where it does not take that.

        Args:
            recipe: Whose groups name no modules any more (`modules.by_tensors`).
            graph: The float graph.
        """
        asked = [
            recipe.scheme_of(graph.kind(each), written_by(graph, each)).name
            for each in graph.operators
        ]
        return tuple(
            scheme if self.operator_ms(at, scheme) is not None else "float"
            for at, scheme in enumerate(asked)
        )
