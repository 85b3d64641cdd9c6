"""How commands end."""

REGRESSION = 1
"""Something that is gated has become worse."""
WRONG_USAGE = 2
HARNESS_FAILED = 3
"""Some trials failed, or the machine could not go on."""
NOTHING_MEASURED = 4
NOT_COMPARABLE = 5
"""Something that is gated cannot be compared with the reference."""
UNCLEAR = 6
"""Too few seeds, or a machine that was not alone, to say whether something that is gated has become worse."""
INTERRUPTED = 130
