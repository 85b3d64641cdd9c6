"""Imported once by the fork server: the framework, imported but not started, and without its greetings."""

import os

_errors = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 2)
try:
    import hpbench.engine.train  # noqa: F401
finally:
    os.dup2(_errors, 2)
    os.close(_errors)
    os.close(_nowhere)
