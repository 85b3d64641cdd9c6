"""The report of a run on generated data with two heads: what it is made on is said, pictures and tables stand in it."""

import base64
import dataclasses
import re

import numpy as np
import pytest

from hpbench.definition.load import bundled, parse
from hpbench.definition.resolve import Selection
from hpbench.parts.datasets.office31.drawn import office31_like
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, RunTables
from hpbench.report.facts import gather
from hpbench.report.figures import draw
from hpbench.report.markdown import markdown
from hpbench.report.write import write

pd = pytest.importorskip("pandas")
HEADS = {"domain": ["amazon", "dslr", "webcam"], "item": ["mug", "pen"]}
NAN = float("nan")


@pytest.fixture(scope="module")
def run():
    """The bundled benchmark with planted results: cases with one hidden layer are dead, the others are not."""
    text = bundled()["office31-adam"].read_text(encoding="utf-8")
    resolved = parse(text, "office31_adam.yaml", Selection(profile="quick", readings=("default",)))
    trials, observations, settings = [], [], {}
    for planned in resolved.planned_cases():
        place = planned.case, planned.reading
        settings[place] = planned.settings.model_dump(mode="json")
        for seed in range(3):
            trials.append((*place, seed, "ok", seed == 0, "", False, 1.5))
            observations += rows_of(planned, seed)
    drawn = office31_like({"size": 16, "share": 0.01}, None)
    return resolved, RunTables(
        trials=pd.DataFrame(trials, columns=list(TRIAL_COLUMNS)),
        observations=pd.DataFrame(observations, columns=list(OBSERVATION_COLUMNS)),
        settings=settings,
        data={
            "name": "office31-like (drawn)",
            "fingerprint": "0" * 64,
            "generated": True,
            "classes": 5,
            "counts": {"train": 74, "test": 14},
            "source": "generated",
            "heads": HEADS,
            "pictures": {name: base64.b64encode(png).decode() for name, png in drawn.pictures.items()},
        },
        machine={"CPU": "A processor"},
        command="hpbench run office31-adam",
        created="2026-01-02T03:04:05Z",
    )


def rows_of(planned, seed):
    random = np.random.default_rng([seed, len(planned.case)])
    dead = planned.settings.model.units == (10,)
    place = planned.case, planned.reading, seed
    found = []

    def add(metric, value, iteration=NAN, **labels):
        text = "{" + ",".join(f'"{key}":"{labels[key]}"' for key in sorted(labels)) + "}"
        found.append((*place, metric, iteration, float(value), text))

    for head in HEADS:
        for iteration in (329.0, 658.0):
            add("test_accuracy", (0.3 if dead else 0.7) + 0.01 * random.normal(), iteration, head=head)
        add("prediction_entropy", 0 if dead else 1, head=head)
        add("prediction_information", 0 if dead else 0.5, head=head)
        add("most_frequent_prediction", 1 if dead else 0.4, head=head)
        for metric, value in (("example_probability", 0.8), ("example_probability_of_true", 0.1)):
            add(metric, value, head=head, example="1", true=HEADS[head][0], predicted=HEADS[head][1])
    add("dead_unit_share", 1 if dead else 0.2, layer="hidden-1")
    for true in HEADS["domain"]:
        add("confusion", 3, head="domain", true=true, predicted="amazon")
        add("confusion", 1, head="domain", true=true, predicted=true)
    add("test_loss", 1.0, 658.0)
    add("trainable_weights", 374 if "transfer-" in planned.case else 1000)
    if seed == 0:
        add("seconds_training", 2.0 if dead else 5.0)
    return found


@pytest.fixture(scope="module")
def text(run):
    resolved, tables = run
    facts = gather(tables, resolved)
    return markdown(facts, draw(facts))


def section(text, title):
    return re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)


def test_every_section_with_results_says_that_the_data_is_generated(text):
    titles = ["Claims by readings", "Hidden layers with and without Adam", "Evidence for each claim", "Accuracy"]
    titles += [
        "Wall time",
        "Transfer beside scratch",
        "Do predictions differ from image to image?",
        "Predictions",
        "Figures",
    ]
    for title in [*titles, "Reproduced beside reported"]:
        assert "*On generated data: office31-like (drawn).*" in section(text, title), title


def test_every_verdict_says_so_too(text):
    verdicts = re.findall(
        r"(?:✓ supported|✗ contradicted|observed: [^|]*?\))[^|\n]*", section(text, "Claims by readings")
    )
    table = [verdict for verdict in verdicts if "the 95 %" not in verdict and "allows" not in verdict]
    assert table
    assert all("on generated data" in verdict for verdict in table)
    assert re.search(r"### one-layer-collapses: ✓ supported, on generated data", text)


def test_real_data_is_not_called_generated(run):
    resolved, tables = run
    facts = gather(dataclasses.replace(tables, data={**tables.data, "generated": False}), resolved)
    assert "generated data" not in markdown(facts, draw(facts))


def test_the_contact_sheet_and_the_examples_are_shown(text, run, tmp_path):
    assert "![Contact sheet: images of each class](office31-adam/contact-sheet.png)" in text
    assert "(office31-adam/examples.png)" in section(text, "Predictions")
    resolved, tables = run
    folder = tmp_path / "office31-adam"
    folder.mkdir()
    (folder / "somebody-s.png").write_bytes(b"\x89PNG")
    write(tables, resolved, tmp_path, ("markdown",))
    assert (folder / "contact-sheet.png").read_bytes().startswith(b"\x89PNG")
    write(dataclasses.replace(tables, data={**tables.data, "pictures": {}}), resolved, tmp_path, ("markdown",))
    assert [path.name for path in folder.glob("*.png")] == ["somebody-s.png"]


def test_what_is_no_picture_is_not_written(run):
    resolved, tables = run
    bad = {"contact-sheet": base64.b64encode(b"<svg>").decode(), "../out": base64.b64encode(b"\x89PNG").decode()}
    facts = gather(dataclasses.replace(tables, data={**tables.data, "pictures": bad}), resolved)
    assert draw(facts).pictures == {}


def test_dead_nets_are_counted_by_setting(text):
    found = section(text, "Do predictions differ from image to image?")
    row = next(line for line in found.splitlines() if line.startswith("| 10-sgd "))
    assert [cell.strip() for cell in row.split("|")[3:7]] == ["3", "3", "3", "1.00"]
    by_setting = found[found.index("### Collapse: by setting") :]
    of_ten = next(line for line in by_setting.splitlines() if re.match(r"\| model.units +\| 10 +\|", line))
    assert [cell.strip() for cell in of_ten.split("|")[3:6]] == ["12", "12", "12"]
    crossed = next(line for line in by_setting.splitlines() if re.match(r"\| 10 +\|", line))
    assert [cell.strip() for cell in crossed.split("|")[2:4]] == ["6 (6) of 6", "6 (6) of 6"]
    assert "Transfer: by setting" not in found


def test_an_example_s_row_has_the_probabilities(text):
    assert "dslr 0.800 (0.100), pen 0.800 (0.100)" in section(text, "Predictions")


def test_confusion_is_drawn_and_tabled(text):
    found = section(text, "Predictions")
    assert "![Confusion, domain](office31-adam/confusion-domain.svg)" in found
    row = next(line for line in found.splitlines() if re.match(r"\| 10-sgd +\| dslr +\|", line))
    assert [cell.strip() for cell in row.split("|")[3:6]] == ["75.0", "25.0", "0.0"]


def test_transfer_stands_beside_scratch(text):
    found = section(text, "Transfer beside scratch")
    assert re.search(r"\| transfer/scratch-raw +\| +1,000 \|", found)
    assert re.search(r"\| transfer/transfer-raw +\| +374 \|", found)


def test_what_is_smaller_than_the_document_s_is_said(text):
    line = next(line for line in section(text, "Settings").splitlines() if line.startswith("Other than in the profile"))
    assert "epochs: 10 (there: 50)" in line
    assert (
        "dataset: office31_like (scale 1, size 32, share 1) (there: office31_like (scale 1, size 100, share 1))" in line
    )
    assert "threads" not in line  # not a matter of the document
