"""Imported once by the fork server: what every job uses; the framework is not started, and does not greet."""

import gc
import signal

from hpbench.parts.quiet import quiet_errors

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C while this imports is the driver's to handle

with quiet_errors():
    import hpbench.engine.tensorflow_backend
    import hpbench.engine.train
    import hpbench.execution.code
    import hpbench.parts.datasets.prepared  # noqa: F401

gc.collect()
gc.freeze()  # a collection in a job neither searches what was imported nor copies its pages
