"""Imported once by the fork server: the framework, imported but not started, and without its greetings."""

from hpbench.parts.quiet import quiet_errors

with quiet_errors():
    import hpbench.engine.train  # noqa: F401
