import pytest

from hpbench.analysis.claims import findings
from hpbench.analysis.evidence import SeriesIndex
from hpbench.analysis.verdicts import Verdict
from hpbench.catalogue.claims import CLAIMS
from hpbench.catalogue.takes import TAKES
from hpbench.definition.load import bundled, read
from hpbench.definition.resolve import Resolved, Selection


@pytest.mark.parametrize("register", [CLAIMS, TAKES], ids=["claims", "takes"])
def test_every_member_of_the_register_has_documented_code(register):
    for name in register:
        code = register.load(name)
        assert callable(code)
        assert code.__doc__


def found(run):
    return {(finding.claim, finding.reading): finding for finding in findings(run.tables(), run.resolved)}


def timed_curve(run, case, seed, values, seconds):
    run.curve(case, seed, "test_accuracy", values)
    run.curve(case, seed, "training_clock", seconds)


def test_claims_then_readings_in_the_definitions_order(planted):
    for reading in ("words=by", "default"):
        planted.curve("A", 0, "test_accuracy", [0.9], reading)
    assert [(f.claim, f.reading) for f in findings(planted.tables(), planted.resolved)] == [
        (claim, reading) for claim in ("a-high", "a-beats-b", "a-takes-longer") for reading in ("default", "words=by")
    ]


def test_a_reading_that_changes_the_claim_is_judged_by_its_own_metric(planted):
    for seed in range(3):
        for reading in ("default", "accuracy=batch"):
            planted.curve("A", seed, "test_accuracy", [0.9], reading)
            planted.curve("A", seed, "batch_accuracy", [0.5 + 0.01 * seed], reading)
    by = found(planted)
    assert by["a-high", "default"].verdict is Verdict.SUPPORTED
    assert by["a-high", "accuracy=batch"].verdict is Verdict.CONTRADICTED


def test_seconds_to_a_target(planted):
    for seed in range(3):
        timed_curve(planted, "A", seed, [0.4, 0.6], [3, 6 + seed])
        timed_curve(planted, "B", seed, [0.6, 0.6], [2, 4])
    finding = found(planted)["a-takes-longer", "default"]
    assert finding.quantities[0].values == (3.0, 3.5, 4.0)
    assert finding.verdict is Verdict.SUPPORTED


def test_a_target_not_reached_is_inconclusive_and_says_so(planted):
    for seed in range(3):
        timed_curve(planted, "A", seed, [0.4, 0.6 if seed else 0.4], [3, 6])
        timed_curve(planted, "B", seed, [0.6, 0.6], [2, 4])
    finding = found(planted)["a-takes-longer", "default"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.note == "A / B: target not reached in 1 of 3 seeds"


def test_time_that_was_not_measured_is_told_apart_from_a_target_not_reached(planted):
    for seed in range(3):
        for case in "AB":
            planted.curve(case, seed, "test_accuracy", [0.4, 0.4])
    finding = found(planted)["a-takes-longer", "default"]
    assert finding.verdict is Verdict.NOT_MEASURED
    assert finding.note == "test_accuracy of A: not timed"


def test_only_timed_seeds_are_paired_in_time(planted):
    timed_curve(planted, "A", 0, [0.9], [6])
    timed_curve(planted, "B", 0, [0.9], [2])
    for case in "AB":
        planted.curve(case, 1, "test_accuracy", [0.9])
    finding = found(planted)["a-takes-longer", "default"]
    assert (finding.verdict, finding.holds) == (Verdict.OBSERVED, True)
    assert finding.quantities[0].values == (3.0,)


def test_a_case_that_was_run_without_the_metric(planted):
    planted.curve("A", 0, "train_accuracy", [0.9])
    assert found(planted)["a-high", "default"].note == "test_accuracy of A was not measured under this reading"


def test_labelled_observations_are_not_mixed_in(planted):
    planted.curve("A", 0, "test_accuracy", [0.9])
    planted.curve("A", 0, "test_accuracy", [0.1], labels={"head": "item"})
    assert found(planted)["a-high", "default"].quantities[0].values == (0.9,)


def test_an_empty_run_has_no_findings(planted):
    assert findings(planted.tables(), planted.resolved) == []


@pytest.mark.parametrize("definition", bundled())
@pytest.mark.parametrize("profile", ["smoke", "standard"])
def test_bundled_claims_can_all_be_judged(planted, definition, profile):
    """Every case and seed under every reading has the same curve, so that no claim lacks data but for time."""
    may_lack = {Verdict.NOT_MEASURED}
    planted.resolved = Resolved(read(bundled()[definition]), Selection(profile, seeds=1))
    for item in planted.resolved.planned_cases():
        training = item.settings.training
        iterations = training.updates(10 * (training.images_per_class or 0))
        ends = [*range(training.evaluate_every or iterations, iterations, training.evaluate_every or iterations)]
        ends.append(iterations)
        metrics = {claim.test.metric for claim in planted.resolved.under(item.reading).claims}
        for metric in metrics:
            planted.curve(item.case, 0, metric, [0.95] * len(ends), item.reading, ends)
    verdicts = {finding.verdict for finding in findings(planted.tables(), planted.resolved)}
    assert verdicts - may_lack == {Verdict.OBSERVED}


def test_a_shared_index_changes_nothing(planted):
    for seed in range(3):
        timed_curve(planted, "A", seed, [0.9, 0.9], [3, 6])
    tables = planted.tables()
    assert findings(tables, planted.resolved, SeriesIndex(tables)) == findings(tables, planted.resolved)
