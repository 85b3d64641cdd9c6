from types import SimpleNamespace

import pytest

from hpbench.report.facts import gather
from hpbench.report.figures import draw
from hpbench.report.json_export import text
from hpbench.report.markdown import markdown
from tests.report import example


@pytest.fixture(scope="session")
def run():
    """A run with all that a report tells, and its report as Markdown and as JSON."""
    resolved = example.resolved(changes={"timed_seeds": 3})
    tables = example.tables(resolved)
    facts = gather(tables, resolved)
    figures = draw(facts)
    return SimpleNamespace(
        resolved=resolved,
        tables=tables,
        facts=facts,
        figures=figures,
        markdown=markdown(facts, figures),
        json=text(facts),
    )
