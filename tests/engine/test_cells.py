"""A net of cells in whole trials: it trains, and to the same bits each time."""

from hpbench.records.trial import Outcome

CODE = ""
CELLS = {
    "dataset": {"name": "digits", "size": 8},
    "model": {"name": "cell_stack", "depth": 3, "width": 2, "normalisation_momentum": 0.5},
}


def test_a_net_of_cells_trains_to_the_same_bits_twice(trials):
    """Depthwise, dilated and strided convolutions and pooling, in jobs of their own; deterministic is the default."""
    once, again = (trials([], **CELLS)[0] for _ in range(2))
    assert once.result.outcome is Outcome.OK, once.result.message
    assert once.curves == again.curves
    assert len(set(once.values("train_loss"))) == 3
