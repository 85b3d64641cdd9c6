"""The Markdown report of a benchmark."""

from __future__ import annotations

from hpbench.report.facts import Facts
from hpbench.report.figures import Figures
from hpbench.report.markup import join
from hpbench.report.sections.advice import advice
from hpbench.report.sections.again import again, conventions, failures, stale
from hpbench.report.sections.alike import alike
from hpbench.report.sections.by_fit import by_fit
from hpbench.report.sections.claims import claim_details, claim_map
from hpbench.report.sections.document_table import document_table
from hpbench.report.sections.drawings import drawings
from hpbench.report.sections.effects import grid_effects
from hpbench.report.sections.inference import at_equal_latency, inference
from hpbench.report.sections.layers import layers
from hpbench.report.sections.numbers import accuracy, memory, reported, time
from hpbench.report.sections.opening import data, question, title
from hpbench.report.sections.predictions import predictions
from hpbench.report.sections.search import searches
from hpbench.report.sections.settings import settings
from hpbench.report.sections.shapes import shapes
from hpbench.report.sections.transfer import transfer


def markdown(facts: Facts, figures: Figures) -> str:
    """The whole report; images are linked in a folder of the benchmark's id beside it."""
    sections = (
        title(facts),
        question(facts),
        data(facts, figures),
        settings(facts),
        claim_map(facts),
        document_table(facts),
        claim_details(facts),
        accuracy(facts),
        time(facts),
        inference(facts),
        at_equal_latency(facts),
        by_fit(facts),
        transfer(facts),
        shapes(facts),
        alike(facts),
        predictions(facts, figures),
        memory(facts),
        reported(facts),
        drawings(facts, figures),
        layers(facts),
        searches(facts, figures),
        grid_effects(facts, figures),
        advice(facts),
        failures(facts),
        stale(facts),
        again(facts),
        conventions(facts),
    )
    return join(*sections) + "\n"
