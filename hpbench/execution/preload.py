"""Imported once by the fork server: the framework, imported but not started, and without its greetings."""

import signal

from hpbench.parts.quiet import quiet_errors

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C while this imports is the driver's to handle

with quiet_errors():
    import hpbench.engine.train  # noqa: F401
