"""Errors that are for the person: a message instead of a traceback."""


class UserError(Exception):
    """Its message says what is wrong, where, and what would be right."""


class MachineError(UserError):
    """Nothing was asked for wrongly, but the machine cannot go on: a full disk, say."""
