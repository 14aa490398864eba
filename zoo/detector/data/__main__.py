"""Make or check the committed test set, or write pages of any split to a folder."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from .bank import SPLITS
from .coco import write_split
from .testset import COUNT, FOLDER, make_test_set, verify_test_set

logger = logging.getLogger(__name__)


def main() -> None:
    """Run one of the commands `testset`, `verify` and `pages`."""
    parser = argparse.ArgumentParser(prog="python -m decant.zoo.detector.data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    testset = commands.add_parser("testset", help="make the test set again")
    verify = commands.add_parser("verify", help="check the test set against its SHA-256 list")
    pages = commands.add_parser("pages", help="write pages of a split")
    pages.add_argument("split", choices=list(SPLITS))
    pages.add_argument("--start", type=int, default=0)
    for command in (testset, pages):
        command.add_argument("--count", type=int, default=COUNT)
        command.add_argument("--jobs", type=int, default=1)
    for command in (testset, verify):
        command.add_argument("--folder", type=Path, default=FOLDER)
    pages.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.command == "testset":
        make_test_set(arguments.folder, arguments.count, arguments.jobs)
    elif arguments.command == "pages":
        where = (arguments.split, arguments.start, arguments.count)
        write_split(arguments.folder, *where, arguments.jobs)
    else:
        verify_test_set(arguments.folder)
    logger.info("done: %s", arguments.folder)


if __name__ == "__main__":
    main()
