"""``hpbench tune``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpbench.cli.protocol_options import Asked, protocol_options, run

if TYPE_CHECKING:
    from hpbench.protocol import Outcome


@click.command(epilog="Example: hpbench tune mine:build mine:data --allow-code mine --minutes 5")
@protocol_options
@click.option("--trials", type=click.IntRange(min=1), help="Budget of trainings in steps 4 and 5.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Of a trial of step 4, where the budget holds them; twice as many and more in step 5.",
)
@click.pass_context
def command(ctx: click.Context, asked: Asked, trials: int | None, epochs: int) -> None:
    """Tune a Keras model of your own in seven steps, and write OUTPUT/tune.md.

    MODEL is a function 'build(learning_rate, weight_decay)' of yours that returns a compiled model, as
    package.module:name in this folder, or a bundled model (lenet). DATA is a function of yours that returns
    ((x_train, y_train), (x_validation, y_validation)), where a keras.utils.PyDataset, an iterable of batches or a
    function of the epoch may stand for the first pair; or a bundled data set (mnist5k, digits).

    1 initial loss, 2 overfit a few batches, 3 learning rate, 4 small grid, 5 refine, 6 learning curves, 7 back to 5
    while there is budget: 10 minutes, if neither --minutes nor --trials says otherwise. It ends with advice when step 1
    or 2 fails.

    Exit codes: 0 all steps passed, 1 a step failed (or your own rate lies outside the range that learns), 2 wrong
    usage, 3 the machine could not go on, 130 interrupted: what was found until then is written.
    """

    def work(build: Any, data: Any, **common: Any) -> Outcome:
        from hpbench.protocol import tune

        return tune(build, data, trials=trials, epochs=epochs, **common)

    run(ctx, work, "tune", asked)
