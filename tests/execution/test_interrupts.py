"""Ctrl-C is noted within a block, heeded where it does no harm, and known again in what a library makes of it."""

import os
import signal
import threading

import pytest

from hpbench.execution.interrupts import deferred_interrupt, heed_interrupt, was_interrupted


def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_noted_and_heeded_once(number):
    before = signal.getsignal(number)
    with deferred_interrupt():
        heed_interrupt()
        interrupt(number)
        with pytest.raises(KeyboardInterrupt):
            heed_interrupt()
        heed_interrupt()
    assert signal.getsignal(number) is before


def test_the_second_is_not_deferred_and_the_first_is_answered(capfd):
    with deferred_interrupt("a moment"):
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    assert capfd.readouterr().err == "\na moment\n"


def test_what_is_noted_within_an_inner_block_is_the_outer_one_s():
    with deferred_interrupt():
        with deferred_interrupt():
            interrupt()
        with pytest.raises(KeyboardInterrupt):
            heed_interrupt()


def test_outside_of_a_block_nothing_is_deferred():
    with deferred_interrupt():
        pass
    heed_interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_another_thread_leaves_the_handlers_alone():
    found = []

    def look():
        with deferred_interrupt():
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]


def test_it_is_known_behind_other_errors():
    def lost():
        try:
            interrupt()
        except KeyboardInterrupt:
            raise ValueError("cannot convert") from None

    with pytest.raises(ValueError, match="cannot convert") as raised:
        lost()
    assert was_interrupted(raised.value)
    assert was_interrupted(KeyboardInterrupt())
    with pytest.raises(ZeroDivisionError) as other:
        1 / 0  # noqa: B018
    assert not was_interrupted(other.value)
