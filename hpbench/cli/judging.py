"""From a comparison to an exit code, with what was found written first: what verbs that judge share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpbench.cli.exit_codes import HARNESS_FAILED, NOT_COMPARABLE, NOTHING_MEASURED, REGRESSION, UNCLEAR

if TYPE_CHECKING:
    from hpbench.gate.compare import Comparison
    from hpbench.gate.frame import Frame
    from hpbench.gate.outcome import Outcome


def judge(
    comparison: Comparison,
    failed_trials: Sequence[str],
    harness: Sequence[str],
    frame: Frame,
    output: Path,
    accept_unclear: bool,
) -> tuple[Outcome, int]:
    """Write what was found, and say it in lines; what it comes to, and the exit code.

    Args:
        comparison: What is judged, second, beside what it is held to.
        failed_trials: Trials without a result.
        harness: What stopped the run itself, such as a full disk.
        frame: What the verb puts around the verdicts.
        output: Folder of the files.
        accept_unclear: Whether what is unclear is fine.
    """
    from hpbench.gate.json_export import gate_json
    from hpbench.gate.markdown import MEANING, gate_markdown
    from hpbench.gate.outcome import outcome
    from hpbench.gate.write import write

    result = outcome(comparison, failed_trials, harness)
    failures = [*harness, *failed_trials]
    code = codes(accept_unclear)[result.name]
    markdown = gate_markdown(result, comparison, failures, accept_unclear, frame)
    document = gate_json(result, comparison, failures, accept_unclear, code, frame.facts)
    for path in write(output, frame.verb, markdown, document):
        click.echo(f"wrote {path}")
    for pair in comparison.gated:
        why = f" ({pair.decision.why})" if pair.decision.why else ""
        click.echo(f"{pair.benchmark}, {pair.case}, {pair.metric}: {pair.decision.verdict}{why}")
    click.echo(f"{frame.verb}: {result}: {MEANING[result]}")
    return result, code


def codes(accept_unclear: bool) -> dict[str, int]:
    """Exit code of each outcome."""
    return {
        "FINE": 0,
        "REGRESSION": REGRESSION,
        "FAILED": HARNESS_FAILED,
        "NOTHING_MEASURED": NOTHING_MEASURED,
        "NOT_COMPARABLE": NOT_COMPARABLE,
        "UNCLEAR": 0 if accept_unclear else UNCLEAR,
    }
