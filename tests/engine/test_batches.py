import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.engine.batches import TooFewImagesError, batch_indices, few_shot


@given(
    images=st.integers(1, 50),
    batch_size=st.integers(1, 20),
    iterations=st.integers(1, 30),
    seed=st.integers(0, 2**63 - 1),
)
def test_every_epoch_meets_every_image_once(images, batch_size, iterations, seed):
    stream = batch_indices(images, batch_size, iterations, seed).ravel()
    assert len(stream) == batch_size * iterations
    for start in range(0, len(stream) - images + 1, images):
        assert sorted(stream[start : start + images]) == list(range(images))


@given(seed=st.integers(0, 2**63 - 1))
def test_cases_with_different_batch_sizes_meet_the_images_in_the_same_order(seed):
    small, large = batch_indices(40, 4, 30, seed).ravel(), batch_indices(40, 8, 30, seed).ravel()
    assert np.array_equal(small, large[: len(small)])


def test_the_seed_decides_the_order():
    assert not np.array_equal(batch_indices(100, 10, 10, 1), batch_indices(100, 10, 10, 2))
    assert np.array_equal(batch_indices(100, 10, 10, 1), batch_indices(100, 10, 10, 1))


@given(
    counts=st.lists(st.integers(5, 12), min_size=1, max_size=6),
    per_class=st.integers(1, 5),
    seed=st.integers(0, 2**63 - 1),
)
def test_a_few_shot_draw_has_as_many_different_images_of_each_class(counts, per_class, seed):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int32)
    rows = few_shot(labels, per_class, seed)
    assert len(set(rows.tolist())) == len(rows) == per_class * len(counts)
    assert np.bincount(labels[rows], minlength=len(counts)).tolist() == [per_class] * len(counts)


@given(per_class=st.integers(1, 9), seed=st.integers(0, 2**63 - 1))
def test_a_smaller_draw_is_part_of_a_larger_one_of_the_same_seed(per_class, seed):
    labels = np.tile(np.arange(3, dtype=np.int32), 10)
    assert set(few_shot(labels, per_class, seed)) < set(few_shot(labels, per_class + 1, seed))


def test_another_seed_draws_other_images():
    labels = np.tile(np.arange(3, dtype=np.int32), 100)
    assert set(few_shot(labels, 5, 1)) != set(few_shot(labels, 5, 2))
    assert np.array_equal(few_shot(labels, 5, 1), few_shot(labels, 5, 1))


def test_every_image_of_a_class_is_drawn_equally_often():
    labels = np.repeat(np.arange(2, dtype=np.int32), 4)
    drawn = np.concatenate([few_shot(labels, 1, seed) for seed in range(4000)])
    shares = np.bincount(drawn, minlength=8) / 4000
    assert np.abs(shares - 1 / 4).max() < 5 * np.sqrt(1 / 4 * 3 / 4 / 4000)


def test_more_images_than_a_class_has_are_refused():
    with pytest.raises(TooFewImagesError, match="images_per_class is 3, and of class 1 there are 2 training images"):
        few_shot(np.array([0, 0, 0, 1, 1], np.int32), 3, 0)
