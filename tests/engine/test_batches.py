import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hpbench.engine.batches import batch_indices


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
