"""How many seeds a gate needs, as a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabulate import tabulate

from hpbench.analysis.power import MOST
from hpbench.gate import words
from hpbench.gate.decide import FLOOR
from hpbench.gate.plan import CAUGHT, POWER, SURE, Need

HEADERS = ("benchmark, case\n  metric", "seeds\nnow", "spread", "threshold", "to\npass", "to\ncatch")
ALIGNED = ("left", "right", "right", "right", "right", "right")
PERCENT = f"{100 * POWER:.0f} %"
METHOD = f"""\
Seeds to pass: the fewest with which the gate says "same" if nothing has changed. To catch: the fewest with which
it finds a worsening by {CAUGHT} thresholds. Each with a probability of {PERCENT}, for normal differences with the
spread seen: the standard deviation of the differences of two stored runs, or (~) that of one run's values times the
root of 2, which is too much where the seed decides most. The true spread is taken as the largest that it may be
({100 * SURE:.0f} % sure), and as {100 * FLOOR:g} % of the threshold at least: few seeds ask for more than many. The
same bits need no test.
"""


def plan_table(needs: Sequence[Need], asked: str = "") -> str:
    """Two lines a gated metric of a case; then how to ask for enough seeds.

    Args:
        needs: What each gated metric of a case needs.
        asked: How to ask for enough.
    """
    rows = [
        [
            f"{need.benchmark}, {need.case}\n  {need.gated.metric}",
            need.seeds,
            words.spread(need.spread, need.gated) + ("" if need.paired or math.isnan(need.spread) else " ~"),
            words.threshold(need.gated),
            _seeds(need.to_pass),
            _seeds(need.to_catch),
        ]
        for need in needs
    ]
    table = tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=ALIGNED)
    return "\n".join([table, "", METHOD + asked]) + "\n"


def _seeds(number: float) -> str:
    if math.isnan(number):
        return "needs 2"
    return f"{number:.0f}" if number <= MOST else f"> {MOST:,}"
