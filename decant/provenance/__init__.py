"""What a result was made from: written into it, and held against what there is now."""

from .changes import changes
from .check import RENEWAL, check_current, check_digests
from .origins import CODE, LIBRARIES, PARTS, Origins, collect, provenance_of, sections
from .schema import Provenance, digests

__all__ = [
    "CODE",
    "LIBRARIES",
    "PARTS",
    "RENEWAL",
    "Origins",
    "Provenance",
    "changes",
    "check_current",
    "check_digests",
    "collect",
    "digests",
    "provenance_of",
    "sections",
]
