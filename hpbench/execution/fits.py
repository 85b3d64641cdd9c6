"""Whether a plan fits its data: classes of heads that settings name, and metrics of heads that a definition names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpbench.catalogue.instruments import Confusion
from hpbench.catalogue.work import Transfer
from hpbench.definition.faults import instead
from hpbench.definition.schema import Definition, Settings
from hpbench.errors import UserError
from hpbench.records.metrics import OF_HEADS, base_name

Heads = Mapping[str, Sequence[str]]


class HeadsError(UserError):
    """A definition names a head, or a class of one, that its data does not have."""


def require_heads(definition: Definition, settings: Sequence[Settings], heads: Heads) -> None:
    """Check all names before the first trial.

    Args:
        definition: Its claims, figures and reported numbers.
        settings: Of the planned trials, which use the same data.
        heads: Of the data: head to the names of its classes; none if an image has one label.

    Raises:
        HeadsError: With every name that leads nowhere.
    """
    faults = [*_metrics(definition, heads), *(fault for one in settings for fault in _settings(one, heads))]
    if faults:
        raise HeadsError("\n".join(dict.fromkeys(faults)))


def _metrics(definition: Definition, heads: Heads) -> Iterator[str]:
    """Metrics of a head are named with it, and only where there are heads."""
    named = [claim.test.metric for claim in definition.claims]
    named += [*(figure.metric for figure in definition.figures), *definition.reported_values]
    for metric in named:
        if base_name(metric) not in OF_HEADS:
            continue
        _, _, label = metric.partition(".")
        head = label.partition(".")[0]
        if heads and head not in heads:
            known = [f"{base_name(metric)}.{name}" for name in heads]
            yield f"metric {metric}: the data has several labels an image; {instead(metric, known)}"
        elif label and not heads:
            yield f"metric {metric}: the data has one label an image; write {base_name(metric)}"


def _settings(settings: Settings, heads: Heads) -> Iterator[str]:
    training = settings.training
    yield from _selection("training.only", training.only, heads)
    if isinstance(training.procedure, Transfer):
        yield from _selection("training.procedure.source", training.procedure.source, heads)
    for instrument in training.instruments:
        for head in instrument.heads if isinstance(instrument, Confusion) else ():
            if head not in heads:
                yield f"training.instruments, confusion: {_no_head(head, heads)}"


def _selection(where: str, only: Mapping[str, Any], heads: Heads) -> Iterator[str]:
    for head, name in only.items():
        if head not in heads:
            yield f"{where}: {_no_head(head, heads)}"
        elif name not in heads[head]:
            yield f"{where}: the head '{head}' has no class '{name}'; {instead(str(name), list(heads[head]))}"


def _no_head(head: str, heads: Heads) -> str:
    if not heads:
        return f"the data has no head '{head}': its images have one label, without a name"
    return f"the data has no head '{head}'; {instead(head, list(heads))}"
