"""What the process of the calibration workload does, which is made like that of any job."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from hpbench.execution.job import begin_process


def run_calibration(connection: Connection, threads: int, log: str) -> None:
    """The process's whole life: it sends the readings."""
    begin_process(Path(log))
    from hpbench.engine.calibration import calibrate

    connection.send(calibrate(threads))
    connection.close()
