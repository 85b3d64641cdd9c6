"""What ``tox -e bench`` runs: the bundled benchmarks, or with ``--engine`` or ``--gate`` first, those of these.

What follows ``--engine`` goes to pytest, such as ``-k few-shot`` or ``--benchmark-json engine.json``; what follows
``--gate`` are options of the gate's calibration, such as ``--report-only``; everything else is what ``hpbench run``
takes, whose reports are also written for ``pytest-benchmark compare``.
"""

import os
import sys

ENGINE, GATE = "--engine", "--gate"
FORMATS = tuple(f"--format={name}" for name in ("markdown", "json", "pytest-benchmark"))
PYTEST = ("pytest", "--benchmark-enable", "--benchmark-columns=min,median,iqr,rounds")


def command(arguments: list[str]) -> list[str]:
    """The modules' command line for these arguments."""
    if ENGINE in arguments[:1]:
        return [*PYTEST, "benchmarks", *arguments[1:]]
    if GATE in arguments[:1]:
        return ["benchmarks.gate", *arguments[1:]]
    return ["hpbench", "run", *FORMATS, *arguments]


if __name__ == "__main__":
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", *command(sys.argv[1:])])
