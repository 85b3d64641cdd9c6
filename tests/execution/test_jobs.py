from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.schema import Settings
from hpbench.execution.code import _hash, code_fingerprint
from hpbench.execution.jobs import make_jobs, pending
from hpbench.plan.cases import cells
from hpbench.records.store import Attempt
from hpbench.records.trial import Outcome
from tests.conftest import SMALL


def plan(**selection):
    return cells(parse(SMALL, "small.yaml", Selection(**selection)), lambda settings: "x")


def code_of(cell):
    return code_fingerprint(Settings.model_validate(cell.trial.settings))


def attempt(cell, *, outcome=Outcome.OK, timed=True, code=None):
    return Attempt(1, cell.trial.identity, outcome, timed, code or code_of(cell), "")


def test_nothing_stored_everything_runs_once_and_timed_where_any_cell_asks():
    planned = plan()
    todo = pending([*planned, *planned], {})
    assert [timed for _, timed in todo.trials] == [True, True, False, False, False]
    assert (todo.standing, todo.stale) == ((), 0)


def test_what_is_done_is_skipped():
    planned = plan()
    stored = {cell.trial.identity: [attempt(cell)] for cell in planned[:2]}
    todo = pending(planned, stored)
    assert {item.trial for item in todo.standing} == set(stored)
    assert {trial.identity for trial, _ in todo.trials} == {cell.trial.identity for cell in planned[2:]}


def test_an_untimed_result_does_not_serve_a_timed_cell():
    planned = plan()
    assert pending(planned, {planned[0].trial.identity: [attempt(planned[0], timed=False)]}).standing == ()


def test_failures_run_again_and_divergence_stands():
    planned = plan()
    for outcome, done in (
        (Outcome.DIVERGED, 1),
        (Outcome.FAILED, 0),
        (Outcome.TIMED_OUT, 0),
        (Outcome.INTERRUPTED, 0),
        (Outcome.OUT_OF_MEMORY, 0),
    ):
        todo = pending(planned, {planned[0].trial.identity: [attempt(planned[0], outcome=outcome)]})
        assert len(todo.standing) == done


def test_results_of_changed_code_are_stale():
    planned = plan()
    todo = pending(planned, {planned[0].trial.identity: [attempt(planned[0], code="older")]})
    assert (todo.standing, todo.stale) == ((), 1)


def test_a_trial_that_failed_with_the_present_code_is_not_stale_but_failed():
    planned = plan()
    known = [attempt(planned[0], code="older"), attempt(planned[0], outcome=Outcome.FAILED)]
    todo = pending(planned, {planned[0].trial.identity: known})
    assert (todo.standing, todo.stale) == ((), 0)


def test_code_fingerprint_follows_the_parts_used():
    planned = plan()
    settings = Settings.model_validate(planned[0].trial.settings)
    training = settings.training.model_copy(update={"callbacks": ()})
    assert code_fingerprint(settings) == code_fingerprint(settings.model_copy(update={"training": training}))
    from hpbench.catalogue.callbacks import RecordWeightNorm

    with_callback = settings.training.model_copy(update={"callbacks": (RecordWeightNorm(name="record_weight_norm"),)})
    assert code_fingerprint(settings) != code_fingerprint(settings.model_copy(update={"training": with_callback}))


def test_code_fingerprint_follows_the_versions_of_libraries(monkeypatch):
    settings = Settings.model_validate(plan()[0].trial.settings)
    before = code_fingerprint(settings)
    monkeypatch.setattr("hpbench.execution.code.metadata.version", lambda library: "0")
    monkeypatch.setattr("hpbench.execution.code._hash", _hash.__wrapped__)
    assert code_fingerprint(settings) != before


def test_timed_trials_are_jobs_of_their_own_and_the_rest_share_by_program():
    planned = plan(seeds=8)
    todo = pending(planned, {})
    seconds = {trial.identity: 1.0 for trial, _ in todo.trials}
    jobs = make_jobs(todo, "data", seconds, workers=2)
    assert all(len(job.trials) == 1 for job in jobs if job.timed)
    shared = [job for job in jobs if not job.timed]
    programs = [{Settings.model_validate(trial.settings).program for trial in job.trials} for job in shared]
    assert all(len(found) == 1 for found in programs)
    assert max(len(job.trials) for job in shared) > 1
    assert sorted(trial.identity for job in jobs for trial in job.trials) == sorted(
        trial.identity for trial, _ in todo.trials
    )


def test_trials_of_one_program_share_a_job_though_they_differ_in_length_images_and_rate():
    text = SMALL.replace(
        "  fast: {learning_rate: 0.05}\n",
        "  fast: {learning_rate: 0.05}\n"
        "  fast-longer: {learning_rate: 0.05, iterations: 20, evaluate_every: 20}\n"
        "  fast-few: {learning_rate: 0.05, images_per_class: 3}\n"
        "  fast-wide: {learning_rate: 0.05, batch_size: 32}\n",
    )
    selection = Selection(readings=("default",), changes={"timed_seeds": 0})
    planned = cells(parse(text, "small.yaml", selection), lambda settings: "x")
    todo = pending(planned, {})
    case = {cell.trial.identity: cell.case for cell in planned}
    jobs = make_jobs(todo, "data", dict.fromkeys(case, 1.0), workers=1)
    together = [{case[trial.identity] for trial in job.trials} for job in jobs]
    assert {"fast", "fast-longer", "fast-few", "slow"} in together
    assert {"fast-wide"} in together


def test_longest_jobs_come_first():
    todo = pending(plan(seeds=6), {})
    seconds = {trial.identity: 1.0 + ("caffe" in str(trial.settings)) for trial, _ in todo.trials}
    lengths = [
        sum(seconds[trial.identity] for trial in job.trials)
        for job in make_jobs(todo, "data", seconds, 2)
        if not job.timed
    ]
    assert lengths == sorted(lengths, reverse=True)
