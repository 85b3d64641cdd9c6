"""The one kind of error that is for the person: a message instead of a traceback."""


class UserError(Exception):
    """Its message says what is wrong, where, and what would be right."""
