"""Models and data of the catalogue, by the names of a command line."""

import numpy as np
import pytest

from hpbench.protocol import ProtocolError
from hpbench.protocol.builder import Builder
from hpbench.protocol.data import data_of
from hpbench.protocol.named import OWN_RATE, builder_named, data_named


def test_a_bundled_model_and_a_bundled_data_set_go_together(tmp_path):
    data = data_of(data_named("digits", tmp_path), "digits")
    x, y = data.first(1)[0]
    assert (x.shape[1:], x.dtype, x.max() <= 1) == ((28, 28, 1), np.float32, True)
    builder = Builder(builder_named("lenet", data), (x, y), 0, "lenet")
    assert (builder.own_rate, builder.classes, builder.takes_decay) == (pytest.approx(OWN_RATE), 10, True)
    assert np.isfinite(builder.at(0.02, 1e-4).train((x, y)))


def test_a_bundled_model_refuses_data_that_is_no_images():
    x, y = np.zeros((8, 4), np.float32), np.arange(8) % 2
    with pytest.raises(ProtocolError, match=r"lenet takes images .* mine:data gives \(8, 4\)"):
        builder_named("lenet", data_of(((x, y), (x, y)), "mine:data"))
