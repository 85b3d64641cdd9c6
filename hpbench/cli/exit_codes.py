"""How commands end."""

WRONG_USAGE = 2
HARNESS_FAILED = 3
"""Some trials failed, or the machine could not go on."""
NOTHING_MEASURED = 4
INTERRUPTED = 130
