"""Verdicts as a reader sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hpbench.analysis.verdicts import Finding, Verdict
from hpbench.report.markup import Markup

SYMBOLS = {
    Verdict.SUPPORTED: "✓ supported",
    Verdict.CONTRADICTED: "✗ contradicted",
    Verdict.INCONCLUSIVE: "~ inconclusive",
    Verdict.NOT_MEASURED: "– not measured",
}
OBSERVED = {True: "observed: holds (✓)", False: "observed: does not hold (✗)", None: "observed"}
LEGEND = Markup(
    "✓ supported: the 95 % interval of every quantity lies inside what the claim allows; "
    "✗ contradicted: that of some quantity lies wholly outside; \\~ inconclusive: neither; "
    "observed: fewer than 3 seeds, so only whether the values hold (✓) or not (✗); "
    "– not measured under this reading."
)
WORDS = {verdict: verdict.value.replace("-", " ") for verdict in Verdict}


def word(finding: Finding | None, generated: bool = False) -> Markup:
    """The verdict with its symbol; a claim without a finding was not measured.

    Args:
        finding: The verdict.
        generated: Whether it rests on generated data, which is then said.
    """
    if finding is None or finding.verdict is Verdict.NOT_MEASURED:
        return Markup(SYMBOLS[Verdict.NOT_MEASURED])
    on = ", on generated data" if generated else ""
    if finding.verdict is Verdict.OBSERVED:
        return Markup(OBSERVED[finding.holds] + on)
    return Markup(SYMBOLS[finding.verdict].replace("~", "\\~") + on)


def count(verdicts: Iterable[str]) -> dict[str, int]:
    """How many claims have each verdict, in the order of ``Verdict``, verdicts that none has too."""
    counted = Counter(verdicts)
    return {verdict.value: counted[verdict.value] for verdict in Verdict}


def in_words(counts: dict[str, int]) -> str:
    """``9 supported, 3 contradicted``; verdicts that no claim has are left out."""
    said = [f"{counts[verdict.value]} {WORDS[verdict]}" for verdict in Verdict if counts.get(verdict.value)]
    return ", ".join(said) or "no claims"
