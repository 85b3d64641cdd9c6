"""``hpbench show``: narrowed plans, and how many seeds would decide each claim."""

import shlex

import numpy as np
import pytest
from click.testing import CliRunner

from hpbench.analysis.power import seeds_needed
from hpbench.cli.main import hpbench
from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.errors import UserError
from hpbench.plan.cases import cells
from hpbench.records.store import Store
from hpbench.records.trial import Observation, Outcome, TrialResult

ACCURACY = {"slow": (0.50, 0.52, 0.51, 0.55), "fast": (0.51, 0.53, 0.60, 0.49)}
DIFFERENCES = np.subtract(ACCURACY["fast"], ACCURACY["slow"])


def show(*arguments):
    return CliRunner().invoke(hpbench, ["show", *map(str, arguments)])


def refused(*arguments):
    """The message with which the command ends."""
    done = show(*arguments)
    assert isinstance(done.exception, UserError)
    return str(done.exception)


@pytest.fixture
def stored(small_text, tmp_path):
    """Keeps a run with planted accuracies, of as many seeds as asked for; gives the results file."""

    def keep(seeds=4, profile="quick", text=small_text, **narrowed):
        selection = Selection(profile, {}, seeds, **narrowed)
        resolved = parse(text, "small.yaml", selection)
        plan = cells(resolved, lambda settings: "data")
        path = tmp_path / "results.sqlite"
        with Store(path, create=True) as store:
            run = store.add_run(
                {
                    "benchmark": "small",
                    "version": 1,
                    "profile": profile,
                    "definition": text,
                    "file": "small.yaml",
                    "selection": selection.as_dict(),
                    "command": f"hpbench run small.yaml --seeds {seeds}",
                    "machine": {},
                    "machine_id": "here",
                    "data": {"classes": 10},
                }
            )
            store.add_cells(run, plan, {cell.trial.identity: "code" for cell in plan})
            for cell in plan:
                value = ACCURACY[cell.case][cell.trial.seed]
                seen = (Observation("test_accuracy", value, 12),)
                result = TrialResult(cell.trial.identity, Outcome.OK, seen, cell.timed, "code")
                store.add_result(result, "here", 1.0)
        return path

    return keep


def row(output, claim="fast-is-better"):
    """The cells of a claim's two lines."""
    lines = output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(claim))
    return lines[start].split(), lines[start + 1].strip()


def test_a_claim_narrows_the_plan(small_file):
    done = show(small_file, "--claim", "fast-is-better")
    assert done.exit_code == 0
    assert "0 of them isolated" in done.output
    assert done.output.count("slow ") == done.output.count("fast ") == 2


def test_an_unknown_claim_is_named_with_the_nearest(small_file):
    message = refused(small_file, "--claim", "fast-is-beter")
    assert message == "small has no claim 'fast-is-beter'; did you mean 'fast-is-better'? there are: fast-is-better"


def test_power_says_how_many_seeds_would_decide(small_file, stored):
    done = show(small_file, "--power", "--results", stored())
    assert done.exit_code == 0, done.output
    needed = seeds_needed(DIFFERENCES.mean(), DIFFERENCES.std(ddof=1), 0.0, np.inf)
    words, below = row(done.output)
    assert words == ["fast-is-better", "4", "inconclusive", "0.0125", "0.0613", "more", "than", "0", f"{needed:.0f}"]
    assert below == "fast - slow"
    assert "with a probability of 80 %" in done.output
    assert "hpbench run small.yaml --seeds 4" in done.output
    assert max(map(len, done.output.splitlines())) <= 100


def test_power_of_one_seed_is_not_known(small_file, stored):
    words, below = row(show(small_file, "--power", "--results", stored(seeds=1)).output)
    assert words[-3:] == ["no", "spread", "known"]
    assert below.split()[-3:] == ["(needs", "2", "seeds)"]


def test_power_takes_the_newest_run_unless_a_profile_is_asked_for(small_file, stored):
    stored(seeds=3, profile="standard")
    path = stored(seeds=4, profile="smoke")
    assert row(show(small_file, "--power", "--results", path).output)[0][1] == "4"
    assert row(show(small_file, "--power", "--profile", "standard", "--results", path).output)[0][1] == "3"
    missing = refused(small_file, "--power", "--profile", "full", "--results", path)
    command = shlex.join(["hpbench", "run", str(small_file), "--profile", "full", "--results", str(path)])
    assert missing == f"{path} holds no run of small (version 1) with profile full; this makes one: {command}"


def test_power_of_each_reading_asked_for(small_file, stored):
    path = stored(cases=("slow", "fast"))
    assert "model=caffe" not in show(small_file, "--power", "--results", path).output
    output = show(small_file, "--power", "--results", path, "--reading", "model=caffe").output
    assert "reading model=caffe" in output
    assert row(output)[0][1] == "4"


def test_power_needs_no_profile_quick(small_file, stored):
    path = stored()
    small_file.write_text(small_file.read_text("utf-8") + "profiles: {full: {seeds: 9}}\n", encoding="utf-8")
    assert row(show(small_file, "--power", "--results", path).output)[0][1] == "4"
    small_file.write_text(small_file.read_text("utf-8").replace("version: 1", "version: 2"), encoding="utf-8")
    missing = refused(small_file, "--power", "--results", path)
    command = shlex.join(["hpbench", "run", str(small_file), "--profile", "full", "--results", str(path)])
    assert missing == f"{path} holds no run of small (version 2); this makes one: {command}"
    wrong = refused(small_file, "--power", "--profile", "fast", "--results", path)
    assert wrong == "small has no profile 'fast'; it has: full"


def test_power_of_a_claim_that_the_reading_did_not_time(small_file, small_text, stored):
    text = small_text.replace("metric: test_accuracy", "metric: seconds_training")
    small_file.write_text(text, encoding="utf-8")
    options = ("--claim", "fast-is-better", "--reading", "model=caffe")
    done = show(small_file, "--power", "--results", stored(text=text), *options)
    assert done.exit_code == 0, done.exception
    assert row(done.output)[0] == ["fast-is-better", "0", "not", "measured", "–", "–", "–"]


def test_power_names_what_was_not_measured(small_file, stored):
    words, below = row(show(small_file, "--power", "--results", stored(cases=("slow",))).output)
    assert words == ["fast-is-better", "0", "not", "measured", "–", "–", "–"]
    assert below == "fast was not run under this"


def test_power_without_results_says_how_to_get_them(small_file, tmp_path):
    assert "'hpbench run' makes them" in refused(small_file, "--power", "--results", tmp_path / "none.sqlite")


def test_power_refuses_options_that_it_would_not_heed(small_file, stored):
    done = show(small_file, "--power", "--seeds", "5", "--results", stored())
    assert done.exit_code == 2
    assert "--set, --seeds, --case and --gated do not go with it" in done.output
