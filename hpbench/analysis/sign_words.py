"""The evidence of a diagnosis in words, with units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpbench.analysis.signs import end_points

_SHARE, _POINTS, _PLAIN = "share", "points", "plain"

WORDS: Mapping[str, tuple[str, str]] = {
    "points": ("{} evaluations", _PLAIN),
    "last_finite_iteration": ("last finite loss at {}", _PLAIN),
    "highest_loss": ("highest training loss {} of {reference}", _SHARE),
    "loss_at_end": ("training loss at the end {} of {reference}", _SHARE),
    "fall": ("it fell by {} of {reference}", _SHARE),
    "flat_until": ("a twentieth of that fall was done after {} of the training", _SHARE),
    "learned": ("lowest training loss below that of an untrained model by {} of {reference}", _SHARE),
    "late_fall": ("{} of that came in the last quarter", _SHARE),
    "noise": ("training loss jumps by {} of its value from one evaluation to the next", _SHARE),
    "train_accuracy": ("training accuracy at the end {}", _SHARE),
    "test_accuracy": ("{held_out} accuracy at the end {}", _SHARE),
    "gap": ("gap between the two {}", _POINTS),
    "gap_growth": ("gap wider than at the lowest {held_out} loss by {}", _POINTS),
    "late_gain": ("{held_out} accuracy gained {} in the last quarter", _POINTS),
    "late_test_fall": ("{} of the fall of the {held_out} loss came in the last quarter", _SHARE),
    "test_loss_rise": ("{held_out} loss at the end {} above its lowest", _SHARE),
    "test_loss_lowest_at": ("it was lowest after {} of the training", _SHARE),
    "train_fall_since": ("training loss lost {} of its value since then", _SHARE),
    "decayed_at": ("learning rate decayed to a fifth after {} of the training", _SHARE),
    "fall_before_decay": ("in the second half of the time before that the loss fell by {} of {reference}", _SHARE),
    "speed_after_decay": ("after it the loss fell at {} of its speed before", _SHARE),
    "kink_at": ("the fall stops sharply after {} of the training", _SHARE),
}
"""Of each sign (see ``Signs``): what is said of it, in the order in which they are read off, and its unit."""

NEVER = 1.0
"""A rate that had not decayed by then never did."""


def evidence_words(evidence: Mapping[str, float], classes: int | None, held_out: str = "test") -> Iterator[str]:
    """Each number in words; those that mean nothing are left out.

    Args:
        evidence: As a diagnosis has it.
        classes: By which losses are judged; None if that is not known.
        held_out: What data that was not trained on is called.

    Example:
        >>> list(evidence_words({"gap": 0.0764, "flat_until": 1.1e-16, "decayed_at": 2.0}, 10))
        ['gap between the two 7.64 points', 'a twentieth of that fall was done after 0 % of the training']
    """
    reference = "the first loss" if classes is None else f"log({classes})"
    for name, value in evidence.items():
        if name == "decayed_at" and value > NEVER:
            continue
        template, unit = WORDS[name]
        yield template.format(_shown(value, unit), reference=reference, held_out=held_out)


def smoothing_words(evidence: Mapping[str, float]) -> str:
    """How such numbers differ from the raw ones, as a sentence; empty where nothing was smoothed."""
    if "points" not in evidence:
        return ""
    count = end_points(round(evidence["points"]))
    return f"Curves are smoothed, and the end is the mean of the last {count} evaluations: single ones differ."


def _shown(value: float, unit: str) -> str:
    if unit == _PLAIN:
        return f"{value:g}"
    percent = 100 * value
    text = f"{percent:.0f}" if abs(percent) >= 100 or abs(percent) < 0.05 else f"{percent:.3g}"
    text = "0" if text == "-0" else text
    return f"{text} %" if unit == _SHARE else f"{text} points"
