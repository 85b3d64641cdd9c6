"""What ``tox -e bench`` runs: the bundled benchmarks, or with ``--engine`` first, the benchmarks of the engine.

What follows ``--engine`` goes to pytest, such as ``-k few-shot`` or ``--benchmark-json engine.json``; everything else
is what ``hpbench run`` takes.
"""

import os
import sys

ENGINE = "--engine"
PYTEST = ("pytest", "--benchmark-enable", "--benchmark-columns=min,median,iqr,rounds")


def command(arguments: list[str]) -> list[str]:
    """The modules' command line for these arguments."""
    if ENGINE in arguments[:1]:
        return [*PYTEST, "benchmarks", *arguments[1:]]
    return ["hpbench", "run", *arguments]


if __name__ == "__main__":
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", *command(sys.argv[1:])])
