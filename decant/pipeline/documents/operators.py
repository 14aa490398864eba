"""Of the operators that are converted, and of the rewrites before that."""

from __future__ import annotations

from .document import Document


class OperatorDocument(Document):
    """How one operator is converted.

    Attributes:
        name: "Conv", or "domain::Op".
        versions: Of the operator, as ONNX counts them, that are read, oldest first; none of an
            operator that ONNX does not define.
        way: "emitted" by a function of its own, "rewritten" into operators that are, "defined" by
            ONNX itself in terms of them, or "none" where it is refused.
        how: In a sentence.
        nodes: How many a file has; null where none was asked about.
    """

    name: str
    versions: tuple[int, ...]
    way: str
    how: str
    nodes: int | None = None


class RewriteDocument(Document):
    """A rewrite of the graph before it is converted.

    Attributes:
        name: What `--rewrite` and `--without` call it.
        accuracy: "exact" (equal but for rounding; applied always) or "bounded" (where asked for).
        operators: That it looks at; none where that is every one.
        description: A line, and then the graph before and after.
    """

    name: str
    accuracy: str
    operators: tuple[str, ...]
    description: str


class OperatorsDocument(Document):
    """What is converted.

    Attributes:
        operators: All that are known, or those of a file.
        rewrites: In the order in which they are tried.
        refusal: Why a file is refused, with every node that is in the way; null if nothing is, or
            if no file was asked about.
    """

    operators: tuple[OperatorDocument, ...]
    rewrites: tuple[RewriteDocument, ...]
    refusal: str | None = None
