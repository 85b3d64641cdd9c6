"""Planted allocations: what is held within stretches of training, and what between them."""

import multiprocessing
import sys
import time

import numpy as np
import pytest

from hpbench.measure.memory import HostMemory, give_back, level

MEGABYTE = 1_000_000


def hold(megabytes):
    """Touched memory, held long enough to be sampled."""
    block = np.ones(megabytes * MEGABYTE, dtype=np.uint8)
    time.sleep(0.05)
    return block


def hold_in_pieces(megabytes):
    """Pieces so small that the C library keeps them when they are freed, and one more that lies above them."""
    pieces = [np.ones(20_000, dtype=np.uint8) for _ in range(megabytes * MEGABYTE // 20_000)]
    return pieces, np.ones(20_000, dtype=np.uint8)


def _planted(source, queue):
    memory = HostMemory(interval=0.002)
    memory.source = source or memory.source
    with memory:
        hold(250)
        memory.reset()
        before = level()
        with memory.training():
            hold(60)
        first = memory.training_peak - before, memory.peak - before
        hold(200)
        with memory.training():
            kept = hold(40)
        second = memory.training_peak - before, memory.peak - before
        with memory.training():
            hold(50)
        third = memory.training_peak - before, memory.peak - before
        assert kept[0] == 1
    queue.put((first, second, third))


def _freed(queue):
    """What the C library keeps of memory freed between two stretches, and the training level after each."""
    with HostMemory() as memory:
        before = level()
        with memory.training():
            hold(30)
        first = memory.training_peak - before
        pieces, last = hold_in_pieces(150)
        del pieces
        kept = level() - before
        with memory.training():
            leaked = hold(220)  # more than fits into what is kept
        queue.put((first, kept, memory.training_peak - before, memory.peak - before))
    assert last[0] == leaked[0] == 1


def in_a_process(function, *arguments):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=function, args=(*arguments, queue))
    process.start()
    result = queue.get(timeout=300)
    process.join()
    return result


@pytest.mark.parametrize("source", ["", "sampled resident set"])
def test_training_and_the_rest_are_told_apart(source):
    levels = np.array(in_a_process(_planted, source)) / MEGABYTE
    assert levels[:, 0] == pytest.approx([60, 60, 90], abs=6)
    assert levels[:, 1] == pytest.approx([60, 200, 200], abs=6)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
def test_what_was_left_between_stretches_does_not_count_as_training():
    first, kept, training, peak = np.array(in_a_process(_freed)) / MEGABYTE
    assert kept > 100, "the C library keeps what is below memory in use"
    assert (first, training) == pytest.approx((30, 220), abs=6)
    assert peak == pytest.approx(kept + 220, abs=6)


def test_giving_back_can_be_asked_for_anywhere():
    give_back()
    assert level() > 0
