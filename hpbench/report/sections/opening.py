"""Title, result in a line, the question, and the data really used."""

from __future__ import annotations

from hpbench.definition.document import Source
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved, Selection, SelectionError
from hpbench.definition.schema import Definition
from hpbench.report.facts import Facts
from hpbench.report.figures import Figures
from hpbench.report.markup import Markup, bold, bullets, escape, join
from hpbench.report.numerals import plural
from hpbench.report.sections.circumstances import company
from hpbench.report.sections.drawings import picture
from hpbench.report.verdict_words import count, in_words

DOCUMENT_PROFILE = "full"
"""The profile that stands for the document's own data and protocol."""
SPLITS = ("train", "validation", "test")


def title(facts: Facts) -> Markup:
    """Title and the result in a line."""
    definition = facts.definition
    words = in_words(default_counts(facts))
    profile = escape(facts.resolved.selection.profile)
    return join(
        f"# {escape(definition.title)}",
        f"{bold(definition.id)}, version {definition.version}, profile {profile}, "
        f"run of {escape(facts.tables.created)}.",
        f"**Under the default reading, of {_claims(facts)}: {words}.** Data: {escape(data_name(facts))}.",
        company(facts),
    )


def _claims(facts: Facts) -> str:
    """How many claims the report is about, and whether that is all of them."""
    count = plural(len(facts.definition.claims), "claim")
    if not facts.resolved.selection.claims:
        return count
    return f"the {count} asked for (the definition has {len(facts.resolved.tree['claims'])})"


def default_counts(facts: Facts) -> dict[str, int]:
    """Verdict to number of claims under the default reading."""
    found = (facts.findings.get((claim.id, DEFAULT)) for claim in facts.definition.claims)
    return count(finding.verdict.value if finding else "not-measured" for finding in found)


def question(facts: Facts) -> Markup:
    """What was asked, and where."""
    definition = facts.definition
    return join("## What was asked", escape(definition.question), f"Document: {citation(definition.source)}")


def citation(source: Source) -> Markup:
    """Authors, title, venue, year and language, as far as the document says them."""
    names = escape(", ".join(source.authors))
    translated = f" ({escape(source.title_in_english)})" if source.title_in_english else ""
    where = [escape(str(part)) for part in (source.venue, source.year) if part]
    language = [f"Language: {escape(source.language)}"] if source.language else []
    parts = [*([names] if names else []), f"*{escape(source.title)}*{translated}", *where, *language]
    return Markup(". ".join(parts) + ".")


def data(facts: Facts, figures: Figures) -> Markup:
    """The data really used, and whether it is the document's."""
    used = facts.tables.data
    by_split = used.get("counts", {})
    splits = sorted(by_split, key=lambda split: (SPLITS.index(split) if split in SPLITS else len(SPLITS), split))
    counts = ", ".join(f"{by_split[split]} {split}" for split in splits)
    items = [
        Markup(f"{bold(data_name(facts))}: {escape(counts or 'counts not recorded')}; {_classes(facts)} classes"),
        *([Markup(f"Source: {escape(str(used['source']))}")] if used.get("source") else []),
        Markup(f"Fingerprint: {escape(str(used.get('fingerprint', ''))[:12])}"),
    ]
    sheet = picture(facts, figures, "contact-sheet", "Contact sheet: images of each class")
    return join("## Data", bullets(items), _whose(facts), sheet)


def _classes(facts: Facts) -> str:
    """Their number; of several heads that of each."""
    heads = facts.tables.data.get("heads") or {}
    return " and ".join(f"{len(names)} {head}" for head, names in heads.items()) or str(
        facts.tables.data.get("classes", "–")
    )


def data_name(facts: Facts) -> str:
    """Title of the data, with ``generated`` where it was made up."""
    name = str(facts.tables.data.get("name", "unknown"))
    return f"{name} (generated)" if facts.tables.data.get("generated") else name


def _whose(facts: Facts) -> Markup:
    name = escape(str(facts.tables.data.get("name", "unknown")))
    if facts.tables.data.get("generated"):
        text = (
            "These images are generated. Every result and verdict here is on this stand-in, not on the document's data."
        )
        return Markup(text)
    other = _document_data(facts.resolved)
    if not other:
        return Markup("")
    return Markup(
        f"Every result and verdict here is on {name}, not on the document's data, "
        f"for which the profile {DOCUMENT_PROFILE} stands ({escape(other)})."
    )


def document_definition(resolved: Resolved) -> Definition | None:
    """The definition in the profile that stands for the document; None if none does."""
    if DOCUMENT_PROFILE not in resolved.definition.profiles:
        return None
    try:
        return Resolved(resolved.source, Selection(profile=DOCUMENT_PROFILE)).definition
    except SelectionError:
        return None


def _document_data(resolved: Resolved) -> str:
    """The data of the profile that stands for the document; empty if it is the one used, or if none does."""
    definition = document_definition(resolved)
    full = definition.dataset if definition else None
    if full is None or full == resolved.definition.dataset:
        return ""
    return getattr(full, "title", None) or str(full.name)
