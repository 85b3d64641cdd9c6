"""The procedure ``feature_maps``: how large each layer's output is, and where a stack of filters runs out of pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hpbench.catalogue.work import FeatureMaps, Layer
from hpbench.engine.trial_run import TrialRun


def feature_maps(run: TrialRun) -> None:
    """Observe ``feature_map_side`` of each layer, and ``layers_that_fit``: how many have a pixel left."""
    procedure = run.settings.training.procedure
    assert isinstance(procedure, FeatureMaps)
    layers = procedure.layers * procedure.repeat
    found = list(sides(procedure.side, layers))
    for number, side in enumerate(found, start=1):
        run.observe("feature_map_side", side, None, layer=f"{number:03d}")
    run.observe("layers_that_fit", len(found))
    run.message = "" if len(found) == len(layers) else f"layer {len(found) + 1} is larger than what is left"
    run.resolved |= {"compile": "none", "compile_reason": "computed, not trained"}


def sides(side: int, layers: Iterable[Layer]) -> Iterator[int]:
    """Pixels a side after each layer, until one is larger than what it is given.

    With padding ``same`` that is the side over the stride, rounded up; else (side - filter size) over the stride,
    rounded down, and one more (Dumoulin and Visin 2016, relations 2 and 5).

    Args:
        side: Of the image.
        layers: From first to last.

    Example:
        >>> list(sides(32, [Layer(filter_size=7), Layer(filter_size=2, stride=2)]))
        [26, 13]
    """
    for layer in layers:
        if layer.padding == "same":
            side = -(-side // layer.stride)
        elif layer.filter_size > side:
            return
        else:
            side = (side - layer.filter_size) // layer.stride + 1
        yield side
