from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from decant.interrupts import held


@pytest.fixture(autouse=True)
def _heard():
    """A shell that runs the tests in the background has told them to ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted_while_held():
    """Send this process Ctrl-C in a held block; tell what of the block was done."""
    done = []

    def work():
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            # Long enough for Python to act on it.
            time.sleep(0.05)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    return done


def test_a_signal_acts_after_the_block():
    assert interrupted_while_held() == ["all"]


def test_a_signal_is_held_though_other_threads_would_take_it():
    """The case in which masking signals fails."""
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert interrupted_while_held() == ["all"]
    finally:
        stop.set()
        other.join()


def test_handlers_are_as_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with held():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_failure_inside_passes_through():
    with pytest.raises(ValueError, match="mine"), held():
        raise ValueError("mine")


def test_other_threads_are_left_alone():
    entered = []

    def work():
        with held():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered
