"""Settings that go wrong only when a profile, a reading and a case come together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from hpbench.catalogue.callbacks import CALLBACKS, Callback
from hpbench.catalogue.part import Parameters
from hpbench.definition.blame import applied, at, blamed, target
from hpbench.definition.case_names import block, is_grid
from hpbench.definition.changes import case_changes
from hpbench.definition.faults import Found, Location
from hpbench.definition.messages import describe
from hpbench.definition.schema import Settings

Values = Mapping[str, Any]
Reading = tuple[tuple[str, str], ...]
"""Open points with the answer of each."""
Combination = tuple[str | None, Reading, Location]
"""A profile, a reading and the place of a case; None, nothing and nothing for none of them."""

MOST = 20_000
"""Combinations that are looked at; a larger plan is checked when it is asked for."""


def combined_faults(values: Values) -> Iterator[Found]:
    """What is wrong with the settings of cases, and with those of readings and profiles taken together.

    Each is reported once: for the fewest things that it takes.
    """
    combinations = _Combinations(values)
    for combination in itertools.islice(combinations.all(), MOST):
        yield from combinations.new_faults(*combination)


def rate_set_twice(settings: Values) -> Iterator[Found]:
    """Callbacks that set the learning rate beside a schedule that does."""
    training = block(settings.get("training"))
    schedule, callbacks = block(training.get("schedule")).get("name"), training.get("callbacks")
    if schedule in (None, "constant"):
        return
    for index, callback in enumerate(callbacks if isinstance(callbacks, list) else ()):
        name = str(block(callback).get("name"))
        model = CALLBACKS.get(name, Parameters)
        if issubclass(model, Callback) and model.sets_learning_rate:
            message = f"'{name}' sets the learning rate, and so does the schedule: write 'schedule: {{name: constant}}'"
            yield ("training", "callbacks", index), message


class _Combinations:
    """The settings that a definition makes, with what is wrong with each.

    Args:
        values: Of the definition.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._profiles = block(values.get("profiles"))
        self._tree = cache(self._changed_by_profile)
        self._settings = cache(self._under_reading)
        self._faults = cache(self._wrong)

    def all(self) -> Iterator[Combination]:
        """Every profile with every reading and every case of it, none of them first."""
        for profile in (None, *self._profiles):
            tree = self._tree(profile)
            for reading in ((), *_readings(tree)):
                yield profile, reading, ()
                for case in _cases(tree, bool(reading)):
                    yield profile, reading, case

    def new_faults(self, profile: str | None, reading: Reading, case: Location) -> Iterator[Found]:
        """The faults of a combination that nothing less has; those of one answer or profile alone are left out."""
        if not case and len(reading) + (profile is not None) < 2:
            return
        less: list[Combination] = [(profile, reading[:i] + reading[i + 1 :], case) for i in range(len(reading))]
        if case:
            less.append((profile, reading, ()))
        if _is_level(case) and case[-1] != 0:
            less.append((profile, reading, (*case[:-1], 0)))
        if profile and not self._writes(profile, case):
            less.append((None, reading, case))
        known = {fault for one in less for fault in self._faults(*one)}
        for fault in self._faults(profile, reading, case) - known:
            if case:
                place = self._place_of_case(profile, reading, case, fault)
                yield place, fault[1] + _circumstances(profile, reading)
            else:
                yield self._place_of_answer(reading, fault), fault[1] + _circumstances(profile, reading[:-1])

    def _place_of_answer(self, reading: Reading, fault: Found) -> Location:
        """Where in the file a fault of a reading's last answer stands."""
        answer: Location = ("open", reading[-1][0], "answers", reading[-1][1])
        return blamed(fault[0], answer, {path: target(self._values, path) for path in block(at(self._values, answer))})

    def _place_of_case(self, profile: str | None, reading: Reading, case: Location, fault: Found) -> Location:
        """Where in the file a fault of a case stands; of a grid's level at the axis if the next one has it, too."""
        if _is_level(case):
            whole_axis = case[-1] == 0 and fault in self._faults(profile, reading, (*case[:-1], 1))
            place = case[:-1] if whole_axis else case
        else:
            paths = _changes(self._tree(profile), case)
            place = blamed(fault[0], case, {path: target({}, *case_changes({path: None})) for path in paths})
        if self._writes(profile, case):
            return blamed(place, ("profiles", str(profile)), self._targets(profile))
        return place

    def _writes(self, profile: str | None, case: Location) -> bool:
        """Whether it is the profile that says what the case is."""
        return bool(case) and any(case[: len(path)] == path for path in self._targets(profile).values())

    def _targets(self, profile: str | None) -> dict[str, Location]:
        return {path: target(self._values, path) for path in block(self._profiles.get(str(profile)))}

    def _changed_by_profile(self, profile: str | None) -> Values:
        return applied(self._values, block(self._profiles.get(str(profile))))[0]

    def _under_reading(self, profile: str | None, reading: Reading) -> Values:
        """The settings, all defaults filled in if they are sound: these are what a case changes."""
        tree = self._tree(profile)
        for point, answer in reading:
            tree, _ = applied(tree, block(at(tree, ("open", point, "answers", answer))))
        settings = {field: tree[field] for field in Settings.model_fields if field in tree}
        try:
            return Settings.model_validate(settings).model_dump(mode="json")
        except ValidationError:
            return settings

    def _wrong(self, profile: str | None, reading: Reading, case: Location) -> frozenset[Found]:
        """What is wrong with the settings of a combination."""
        changes = case_changes(_changes(self._tree(profile), case))
        settings, refused = applied(self._settings(profile, reading), changes)
        faults = [(target({}, path), message) for path, message in refused.items()]
        try:
            Settings.model_validate(settings)
        except ValidationError as error:
            faults += describe(error)
        return frozenset([*faults, *rate_set_twice(settings)])


def _readings(tree: Values) -> list[Reading]:
    """The readings that a definition asks for but the default; for all combinations every pair stands."""
    others = {
        point: [(point, answer) for answer in list(block(block(body).get("answers")))[1:]]
        for point, body in block(tree.get("open")).items()
    }
    which = tree.get("readings", "one-at-a-time")
    if isinstance(which, list):
        listed = [_reading(text, others) for text in which if isinstance(text, str)]
        return [reading for reading in dict.fromkeys(listed) if reading]
    single: list[Reading] = [(answer,) for answers in others.values() for answer in answers]
    pairs: list[Reading] = [
        pair for one, other in itertools.combinations(others.values(), 2) for pair in itertools.product(one, other)
    ]
    return {"default": [], "all": single + pairs}.get(str(which), single)


def _reading(text: str, others: Mapping[str, list[tuple[str, str]]]) -> Reading:
    """The answers of a reading by name that there are, but for defaults."""
    parts = [part.partition("=") for part in text.split(",")]
    named = [(point.strip(), answer.strip()) for point, _, answer in parts]
    return tuple(one for one in named if one in others.get(one[0], ()))


def _cases(tree: Values, in_reading: bool) -> Iterator[Location]:
    """Places of the cases; of a grid every level alone, since its points may be many and its axes are apart."""
    chosen = tree.get("reading_cases") if in_reading else None
    for name in block(tree.get("cases")):
        if not isinstance(chosen, list) or not chosen or name in chosen:
            yield "cases", name
    for part in ("rows", "columns"):  # each alone: the cells may be many
        yield from (("table", part, name) for name in block(block(tree.get("table")).get(part)))
    for study, body in () if in_reading else block(tree.get("studies")).items():
        yield from (("studies", study, "cases", name) for name in block(block(body).get("cases")))
        grid = block(body).get("grid")
        for axis, levels in block(grid).items() if is_grid(grid) else ():
            yield from (("studies", study, "grid", axis, index) for index in range(len(levels)))
        space = block(block(block(body).get("search")).get("space"))
        for path, axis in space.items():
            ends = [end for end in ("low", "high") if end in block(axis)]
            values = block(axis).get("values")
            yield from (("studies", study, "search", "space", path, end) for end in ends)
            if isinstance(values, list):
                yield from (("studies", study, "search", "space", path, "values", i) for i in range(len(values)))


def _circumstances(profile: str | None, reading: Reading) -> str:
    """What has to come together, for the end of a message."""
    words = [f"under reading {','.join(map('='.join, reading))}"] if reading else []
    words += [f"in profile {profile}"] if profile else []
    return f" ({', '.join(words)})" if words else ""


def _is_level(case: Location) -> bool:
    """Whether the place is that of a level of a grid's axis, or of a value of a search's."""
    return case[2:3] in (("grid",), ("search",))


def _changes(tree: Values, case: Location) -> Mapping[str, Any]:
    """What the case at a place changes; nothing if there is none."""
    there = at(tree, case) if case else None
    if _is_level(case):
        return {} if there is None else {str(case[4] if case[2] == "search" else case[3]): there}
    return block(there)
