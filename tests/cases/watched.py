"""Someone who watches progress, as the command line does."""

import contextlib


class Watched:
    """Counts the steps of each task, from whatever thread."""

    def __init__(self):
        self.steps = {}

    @contextlib.contextmanager
    def task(self, what, total):
        self.steps.setdefault(what, 0)

        def advance():
            self.steps[what] += 1

        yield advance
