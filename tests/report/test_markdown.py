import re
from dataclasses import replace

import pytest

from hpbench.analysis.verdicts import Verdict
from hpbench.report.facts import gather
from hpbench.report.figures import Figures, draw
from hpbench.report.markdown import markdown
from tests.report import example
from tests.report.reading import section, tables

INJECTION = '"a | b <script>alert(1)</script> [x](http://evil) `c` $d$"'


def report(tables, resolved, draw=lambda facts: Figures()):
    """The text; without figures, if nothing draws them."""
    facts = gather(tables, resolved)
    return markdown(facts, draw(facts))


def small(**selection):
    return example.resolved(cases=("CASE1", "CASE8"), **selection)


def test_every_claim_and_case_appears(run):
    claims = {claim.id for claim in run.resolved.definition.claims}
    assert claims == set(re.findall(r'<a id="claim-([^"]+)"></a>', run.markdown))
    assert claims == set(re.findall(r"\]\(#claim-([^)]+)\)", run.markdown))
    cases = {row["case"] for row in tables(section(run.markdown, "## Accuracy"))[0]}
    assert cases == set(run.resolved.all_cases)


def test_sections_stand_in_order(run):
    headings = re.findall(r"^## (.+)$", run.markdown, re.MULTILINE)
    assert headings == [
        "What was asked", "Data", "Settings", "Claims by readings", "Evidence for each claim", "Accuracy", "Wall time",
        "Memory", "Reproduced beside reported", "Figures", "Effects and interactions", "Optimisation advice",
        "Trials without a result", "To make exactly this again", "Conventions",
    ]  # fmt: skip


def test_the_map_says_what_was_found(run):
    (rows,) = tables(section(run.markdown, "## Claims by readings"))
    shown = {row["claim"].split("]")[0].strip("["): row for row in rows[:-1]}
    symbols = {Verdict.SUPPORTED: "✓", Verdict.CONTRADICTED: "✗", Verdict.INCONCLUSIVE: "~", Verdict.NOT_MEASURED: "–"}
    assert len(run.facts.findings) == len(shown) * len(example.READINGS)
    for (claim, reading), finding in run.facts.findings.items():
        cell = shown[claim][reading]
        if finding.verdict is Verdict.OBSERVED:
            assert ("✓" in cell, "does not" in cell) == (finding.holds, not finding.holds)
        else:
            assert finding.verdict.value.replace("-", " ") in cell
            assert symbols[finding.verdict] in cell


def test_the_summary_counts_the_default_reading(run):
    found = [finding.verdict for (_, reading), finding in run.facts.findings.items() if reading == "default"]
    summary = next(line for line in run.markdown.splitlines() if line.startswith("**Under the default reading"))
    for verdict in set(found):
        assert f"{found.count(verdict)} {verdict.value.replace('-', ' ')}" in summary


def test_many_readings_are_split_into_tables_of_six():
    resolved = example.resolved(profile="full", readings=(), cases=("CASE1",), seeds=1)
    found = tables(section(report(example.tables(resolved), resolved), "## Claims by readings"))
    assert [len(rows[0]) - 1 for rows in found] == [6, 6, 6, 6, 6, 2]


def test_evidence_stands_beside_what_is_allowed(run):
    (rows,) = tables(section(run.markdown, "### time-follows-batch"))
    quantity = run.facts.findings["time-follows-batch", "default"].quantities[0]
    assert rows[0]["allowed"] == "0.8 to 1.2"
    assert rows[0]["mean [95 % interval]"].startswith(f"{quantity.interval.mean:.3g}")


def test_diverged_trials_are_counted_and_marked(run):
    row = next(row for row in tables(section(run.markdown, "## Accuracy"))[0] if row["case"] == "CASE8")
    assert row["n"] == "3 (1 diverged)"


def test_a_failed_trial_is_listed_with_its_message(run):
    (rows,) = tables(section(run.markdown, "## Trials without a result"))
    assert [row["case"] for row in rows] == ["CASE9"]
    assert rows[0]["message"] == r"ValueError: &lt;b&gt;no&lt;/b&gt; \| images"


def test_with_fewer_than_three_seeds_there_is_no_interval(run):
    rows = {row["case"]: row["test accuracy"] for row in tables(section(run.markdown, "## Accuracy"))[0]}
    assert re.fullmatch(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", rows["CASE1"])
    assert re.fullmatch(r"0\.\d{3}", rows["CASE9"])


def test_each_gpu_has_its_column(run):
    device = tables(section(run.markdown, "## Memory"))[1]
    assert [device[0][f"{gpu} (MB)"].split()[0] for gpu in example.GPUS] == ["100.0", "200.0"]


def test_without_a_gpu_the_report_says_so():
    resolved = small()
    device = tables(section(report(example.tables(resolved, gpus=()), resolved), "## Memory"))[1]
    assert {row["GPU"] for row in device} == {"no GPU"}


def test_a_gpu_without_figures_is_not_no_gpu():
    resolved = small()
    run = example.tables(resolved, gpus=())
    run.machine["GPU"] = "A GPU, 80.0 GB, GPU-1"
    device = tables(section(report(run, resolved), "## Memory"))[1]
    assert {row["GPU"] for row in device} == {"not measured"}


def test_a_run_for_some_claims_tells_of_those_and_says_so():
    resolved = example.resolved(claims=("case8-at-chance", "same-limit"))
    text = report(example.tables(resolved), resolved)
    assert "Under the default reading, of the 2 claims asked for (the definition has 26):" in text
    assert re.findall(r'<a id="claim-([^"]+)"></a>', text) == ["same-limit", "case8-at-chance"]
    assert "Of these only what the claims asked for need" in section(text, "### Protocol")
    assert "No trial was timed." in section(text, "## Wall time")


def test_without_timed_trials_the_report_says_so():
    resolved = small()
    text = report(example.tables(resolved, timed=0), resolved)
    assert "No trial was timed." in section(text, "## Wall time")
    assert "Not measured in this run." in section(text, "### Time of 100 iterations")


def test_a_run_without_a_result_has_a_report():
    resolved = small()
    run = example.tables(resolved)
    run = replace(run, trials=run.trials.assign(outcome="failed"), observations=run.observations.head(0))
    assert "Nothing was measured" in section(report(run, resolved, draw), "## Accuracy")


def test_text_of_the_definition_cannot_act():
    text = example.definition_text()
    text = re.sub(r"^title: .*$", f"title: {INJECTION.replace(chr(34), chr(39))}", text, flags=re.MULTILINE)
    text = re.sub(r"text: With ten times .*$", f"text: {INJECTION.replace(chr(34), chr(39))}", text, flags=re.MULTILINE)
    text = text.replace("title: Test accuracy by batch size,", "title: 'a | b <script>',")
    resolved = small(text=text)
    run = example.tables(resolved)
    run.data["name"] = INJECTION
    run.machine["CPU"] = INJECTION
    shown = report(run, resolved, draw)
    assert "<script" not in shown
    assert "[x](" not in shown.replace(r"\[x\](", "")
    assert tables(shown)
    assert r"# a \| b &lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("generated", "profile", "said"),
    [(True, "quick", "generated"), (False, "quick", "not on the document's data"), (False, "full", "")],
)
def test_whose_data_it_is(generated, profile, said):
    resolved = small(profile=profile, seeds=1)
    run = example.tables(resolved)
    run.data["generated"] = generated
    data = section(report(run, resolved), "## Data")
    assert said in data
    assert ("not on the document's data" in data) == bool(said)


def test_links_lead_to_figures_that_were_drawn(run):
    linked = set(re.findall(r"\]\(lenet-batch-lr/([^)]+)\)", run.markdown))
    assert linked == set(run.figures.files)
    assert {"figure-2.svg", "figure-3.svg", "effect-crossed.svg"} <= linked
