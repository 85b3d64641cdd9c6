"""``hpbench lr-find``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpbench.cli.protocol_options import Asked, protocol_options, run

if TYPE_CHECKING:
    from hpbench.protocol import Outcome


@click.command(epilog="Example: hpbench lr-find mine:build mine:data --allow-code mine")
@protocol_options
@click.pass_context
def command(ctx: click.Context, asked: Asked) -> None:
    """Find the learning rates at which a model's loss falls within 100 iterations, and write OUTPUT/lr-find.md.

    This is step 3 of 'hpbench tune' alone; see there for MODEL and DATA. Rates from 1e-6 to 10 are tried from the same
    initial weights, and your own rate (the default of the function's learning_rate, or that of its optimizer) is
    compared with what is found. The budget is 10 minutes, if --minutes does not say otherwise.

    Exit codes: 0 fine, 1 no rate learns or your own lies outside the range that does, 2 wrong usage, 3 the machine
    could not go on, 130 interrupted: what was found until then is written.
    """

    def work(build: Any, data: Any, **common: Any) -> Outcome:
        from hpbench.protocol import find_rate

        return find_rate(build, data, **common)

    run(ctx, work, "lr-find", asked)
