"""Comparisons and gates in Markdown, for a pull request or the summary of a CI job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hpbench.definition.readings import DEFAULT
from hpbench.gate import words
from hpbench.gate.compare import Comparison, Pair
from hpbench.gate.decide import FAMILY_ERROR, FLOOR, Verdict
from hpbench.gate.frame import GATE, Frame
from hpbench.gate.outcome import Outcome
from hpbench.gate.sides import BenchmarkSide
from hpbench.report.markup import Markup, bold, bullets, escape, folded, join, table
from hpbench.report.numerals import full_title, plural

MEANING = {
    Outcome.FINE: "nothing that is gated has become worse.",
    Outcome.REGRESSION: "something that is gated has become worse by more than its threshold.",
    Outcome.FAILED: "trials or the machine failed, and no regression was found in what was measured.",
    Outcome.NOTHING_MEASURED: "there is no result to judge.",
    Outcome.NOT_COMPARABLE: "something that is gated cannot be compared with the reference.",
    Outcome.UNCLEAR: "the seeds do not say whether something that is gated has become worse.",
}
FACTS = ("CPU", "GPU", "Python", "hpbench", "commit", "tensorflow", "keras", "numpy")
PLACE = ("case", "metric", "verdict")
TESTED = ("difference", "threshold", "p", "seeds", "why")
METHOD = (
    "Differences are paired by seed: {1} less {0}, with their mean and its 95 % interval. Worse or better means: "
    f"significant (Student's t), with a probability of {100 * FAMILY_ERROR:g} % of even one false verdict among all "
    "that is gated (Holm), and larger than the threshold. Same means: the interval excludes a worsening by more than "
    f"the threshold. Spreads below {100 * FLOOR:g} % of the threshold are taken to be so large. Identical means: the "
    "same bits at every seed. Costs of two machines, and times that were not taken in turns, are shown and not gated; "
    "of times taken in turns, pairs that were not alone on the machine are left out. Of what is only shown, worse, "
    "better and same mean where zero lies: outside or inside of the interval."
)
SIDES = ("first", "second")
MOST_NAMED = 10
"""Regressions that are named above the table, which has all."""


def gate_markdown(
    result: Outcome, comparison: Comparison, failures: Sequence[str], accepted: bool, frame: Frame = GATE
) -> str:
    """The whole gate.

    Args:
        result: What it comes to.
        comparison: The run beside the reference.
        failures: What failed.
        accepted: Whether what is unclear was accepted.
        frame: Title, names of the sides, and what else is to be told.
    """
    more = " (accepted)" if accepted and result is Outcome.UNCLEAR else ""
    return (
        join(
            f"# {frame.title}: {result}{more}",
            f"{MEANING[result].capitalize()} {_counts(comparison.gated)}".strip(),
            _worse(comparison.gated),
            _undecided(comparison.gated),
            _failures(failures),
            *_too_good(comparison),
            frame.circumstances,
            _gated(comparison, frame.sides),
            *_shown(comparison, frame.sides),
            *_facts(comparison, frame.sides),
            escape(METHOD.format(*frame.sides)),
        )
        + "\n"
    )


def comparison_markdown(comparisons: Sequence[Comparison]) -> str:
    """Sides beside the first one, each in turn."""
    parts = []
    for comparison in comparisons:
        title = f"# {escape(comparison.first.name)} and {escape(comparison.second.name)}"
        parts += [
            title,
            *_too_good(comparison),
            _gated(comparison, SIDES),
            *_shown(comparison, SIDES),
            *_facts(comparison, SIDES),
        ]
    return join(*parts, escape(METHOD.format(*SIDES))) + "\n"


def _counts(pairs: Sequence[Pair]) -> str:
    counts = {verdict: sum(pair.decision.verdict is verdict for pair in pairs) for verdict in Verdict}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"Of {plural(len(pairs), 'gated comparison')}: {said}." if pairs else ""


def _worse(pairs: Sequence[Pair]) -> str:
    """What has become worse, with its numbers."""
    found = [pair for pair in pairs if pair.decision.verdict is Verdict.WORSE]
    lines = [
        Markup(
            f"{bold(f'{pair.benchmark}, {pair.case}, {full_title(pair.metric)}')}: from "
            f"{words.value(pair.first, pair.unit)} to {words.value(pair.second, pair.unit)}, which is "
            f"{words.difference(pair)}; threshold {words.threshold(pair.gated)}"
        )
        for pair in found[:MOST_NAMED]
        if pair.gated
    ]
    more = [f"and {len(found) - MOST_NAMED} more, in the table"] if len(found) > MOST_NAMED else []
    return join("Worse:", bullets([*lines, *more])) if found else ""


def _undecided(pairs: Sequence[Pair]) -> str:
    """Why there is no verdict on what is gated, each reason once."""
    wanted = (Verdict.NOT_COMPARABLE, Verdict.UNCLEAR)
    reasons = Counter((pair.decision.verdict, pair.decision.why) for pair in pairs if pair.decision.verdict in wanted)
    lines = [f"{count} {verdict}: {why}" for (verdict, why), count in reasons.items()]
    return join("Without a verdict:", bullets(lines)) if lines else ""


def _too_good(comparison: Comparison) -> Iterator[str]:
    found = [pair for pair in comparison.gated if pair.decision.too_good]
    if found:
        names = "; ".join(f"{pair.benchmark}, {pair.case}, {full_title(pair.metric)}" for pair in found)
        yield (
            f"{bold('Too good to be true?')} {escape(names)}. So large an improvement usually means that the data or "
            "the protocol has changed: look before you update the reference."
        )


def _gated(comparison: Comparison, sides: Sequence[str]) -> str:
    rows = [
        [
            pair.benchmark,
            pair.case,
            full_title(pair.metric),
            bold(pair.decision.verdict) if pair.decision.verdict is Verdict.WORSE else pair.decision.verdict,
            words.value(pair.first, pair.unit),
            words.value(pair.second, pair.unit),
            words.difference(pair),
            words.threshold(pair.gated),
            words.probability(pair.p) if pair.p is not None else "",
            _seeds(pair),
            _why(comparison, pair, sides),
        ]
        for pair in comparison.gated
        if pair.gated
    ]
    return table(("benchmark", *PLACE, *sides, *TESTED), rows) if rows else ""


def _seeds(pair: Pair) -> str:
    """``8``, or ``8 of 11`` where seeds were left out, or only one side has them."""
    every = len(pair.seeds) + len(pair.left_out) + len(pair.one_sided)
    return f"{len(pair.seeds)} of {every}" if every > len(pair.seeds) else str(len(pair.seeds))


def _why(comparison: Comparison, pair: Pair, sides: Sequence[str]) -> str:
    """What there is to say of a pair beside its numbers."""
    scaled = f"in units of each machine's calibration {pair.scaled:.2f} times as long" if pair.scaled else ""
    told = not pair.left_out or pair.decision.verdict is Verdict.UNCLEAR
    left = "" if told else f"{len(pair.left_out)} pairs {pair.why_left_out}"
    return "; ".join(filter(None, (pair.decision.why, left, pair.note, scaled, *_stale(comparison, pair, sides))))


def _stale(comparison: Comparison, pair: Pair, sides: Sequence[str]) -> Iterator[str]:
    for name, side in zip(sides, (comparison.first, comparison.second), strict=True):
        benchmark = side.benchmarks.get(pair.benchmark)
        if benchmark and (stale := benchmark.stale(pair.case, pair.reading)):
            yield f"{name} is stale: made by older code at {plural(len(stale), 'seed')}"


def _shown(comparison: Comparison, sides: Sequence[str]) -> Iterator[str]:
    """What is not gated, a fold a benchmark."""
    for benchmark in comparison.first.benchmarks:
        pairs = [pair for pair in comparison.shown if pair.benchmark == benchmark]
        rows = [
            [
                pair.case if pair.reading == DEFAULT else f"{pair.case}, {pair.reading}",
                full_title(pair.metric),
                pair.decision.verdict,
                words.value(pair.first, pair.unit),
                words.value(pair.second, pair.unit),
                words.difference(pair),
                _seeds(pair),
                _why(comparison, pair, sides),
            ]
            for pair in pairs
        ]
        if rows:
            title = f"{benchmark}: {plural(len(rows), 'further comparison')}, not gated; each verdict by itself"
            yield folded(title, table((*PLACE, *sides, "difference", "seeds", "why"), rows))


def _failures(failures: Sequence[str]) -> str:
    return join("Failed:", bullets(failures)) if failures else ""


def _facts(comparison: Comparison, sides: Sequence[str]) -> Iterator[str]:
    """Under what both were made, a fold a benchmark that says what of it differs."""
    for benchmark, a in comparison.first.benchmarks.items():
        if b := comparison.second.benchmarks.get(benchmark):
            facts = list(_facts_of(a, b))
            other = [name for name, one, two in facts if one != two and name != "run"]
            rows = [[name, one, two, "differs" if name in other else ""] for name, one, two in facts]
            rows += _speeds(a, b)
            said = f"differs in {', '.join(other)}" if other else "the same code, data, machine and software"
            yield folded(f"{benchmark}: how both were made; {said}", table(("fact", *sides, ""), rows))


def _facts_of(a: BenchmarkSide, b: BenchmarkSide) -> Iterator[tuple[str, str, str]]:
    yield "run", a.created, b.created
    yield "version, profile", f"{a.version}, {a.profile}", f"{b.version}, {b.profile}"
    yield "data", _data(a), _data(b)
    yield "backend, precision", f"{a.backend}, {a.precision}", f"{b.backend}, {b.precision}"
    yield "code", _code(a, b), _code(b, a)
    for fact in FACTS:
        if fact in a.machine or fact in b.machine:
            yield fact, a.machine.get(fact, ""), b.machine.get(fact, "")


def _speeds(a: BenchmarkSide, b: BenchmarkSide) -> Iterator[list[str]]:
    """How fast the machine did the calibration workload."""
    for name in {**a.calibration, **b.calibration}:
        both = a.calibration.get(name), b.calibration.get(name)
        ratio = f"{both[1].value / both[0].value:.2f} times as fast" if both[0] and both[1] else ""
        yield [f"calibration, {name}", _speed(a, name), _speed(b, name), ratio]


def _data(side: BenchmarkSide) -> str:
    return f"{side.data}{' (generated)' if side.generated else ''}"


def _speed(side: BenchmarkSide, name: str) -> str:
    speed = side.calibration.get(name)
    return f"{speed.value:.3g} {speed.unit}" if speed else ""


def _code(side: BenchmarkSide, other: BenchmarkSide) -> str:
    """Fingerprints of the code of the cases that both have."""
    common = [
        case.code
        for name, readings in side.cases.items()
        for reading, case in readings.items()
        if reading in other.cases.get(name, {})
    ]
    return ", ".join(sorted({code[:8] for code in common}))
