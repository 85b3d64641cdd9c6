"""How many seeds would decide each claim, as a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

from tabulate import SEPARATING_LINE, tabulate

from hpbench.analysis.power import MOST, POWER, Outlook
from hpbench.report.numerals import significant
from hpbench.report.sections.claims import allowed
from hpbench.report.verdict_words import WORDS

HEADERS = (
    "claim\n  what decides",
    "seeds\nnow",
    "verdict\nnow",
    "mean",
    "standard\ndeviation",
    "allowed",
    "seeds to\ndecide",
)
ALIGNED = ("left", "right", "left", "right", "right", "left", "right")
NOTE_WIDTH = 36
ALLOWED_WIDTH = 16
METHOD = f"""\
Seeds to decide: the fewest with which the 95 % interval of the quantity named lies on one side of
every bound of what is allowed with a probability of {100 * POWER:.0f} %, if its values are normal with the mean
and the standard deviation seen.
To run more: --seeds N; for claims about time or memory also --set timed_seeds=N."""


def power_table(outlooks: Sequence[Outlook]) -> str:
    """Two lines a claim: what was seen, and below its name the quantity that decides or what stands against it."""
    rows = [list(HEADERS), SEPARATING_LINE, *map(_row, outlooks)]
    return tabulate(rows, tablefmt="simple", disable_numparse=True, colalign=ALIGNED)


def _row(outlook: Outlook) -> list[str]:
    finding, quantity = outlook.finding, outlook.quantity
    seeds = max((item.seeds for item in finding.quantities), default=0)
    known = [finding.claim, str(seeds), WORDS[finding.verdict]]
    if quantity is None:
        return [_with_below(known[0], finding.note), *known[1:], "–", "–", "", "–"]
    return [
        _with_below(known[0], quantity.label),
        *known[1:],
        significant(quantity.interval.mean),
        "–" if math.isnan(outlook.spread) else significant(outlook.spread),
        "\n".join(wrap(allowed(quantity), ALLOWED_WIDTH)),
        _seeds(outlook),
    ]


def _with_below(claim: str, text: str) -> str:
    return "\n".join([claim, *wrap(text, NOTE_WIDTH, initial_indent="  ", subsequent_indent="  ")])


def _seeds(outlook: Outlook) -> str:
    if outlook.decided:
        return "decided"
    if math.isnan(outlook.seeds):
        return "no spread known\n(needs 2 seeds)"
    return f"{outlook.seeds:.0f}" if outlook.seeds <= MOST else f"> {MOST:,}"
