"""A process that holds one object and calls its methods; stopped whenever it is not asked, so that nothing spins.

Run as a module it is the process of a contender that is started anew; contenders on Keras are forked from a server
that has imported it.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from importlib import import_module
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Self

from hpbench.errors import UserError
from hpbench.execution.environment import in_environment, job_environment

ROOT = Path(__file__).parents[2]
PRELOAD = "hpbench.execution.preload"
PARENT_DEATH = 1
"""``PR_SET_PDEATHSIG``: a stopped process would otherwise outlive the one that has stopped it."""


class ContenderError(RuntimeError):
    """A contender's process has failed; the message holds its traceback."""


class Process:
    """An object in a process of its own, which makes it while this one goes on.

    Args:
        path: ``package.module:callable`` that makes the object.
        arguments: Its keyword arguments.
        threads: For the libraries that take the number from the environment.
        forked: Whether the process is forked from the server that has imported Keras.
        environment: Further variables.
    """

    def __init__(
        self,
        path: str,
        arguments: Mapping[str, Any],
        *,
        threads: int,
        forked: bool,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._connection, there = Pipe()
        self._output = tempfile.NamedTemporaryFile(prefix="hpbench-")  # noqa: SIM115  (there as long as the process)
        with job_environment("tensorflow", threads):
            variables = _variables(threads) | dict(environment or {})
            start = _fork if forked else _spawn
            self._process = start(there, self._output.name, variables)
        there.close()
        self._connection.send(("", (path, dict(arguments))))
        self._making = True

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self._process.pid)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Let the process go on, have it call a method, and stop it.

        Raises:
            ContenderError: The object could not be made, the method raised, or the process ended; a ``UserError`` is
                raised as it is.
        """
        if self._making:
            self._result(*self._answer())
            self._making = False
        os.kill(self.pid, signal.SIGCONT)
        self._connection.send((method, arguments))
        answer = self._answer()
        os.kill(self.pid, signal.SIGSTOP)
        return self._result(*answer)

    def _answer(self) -> tuple[bool, Any]:
        try:
            failed, result = self._connection.recv()
        except (EOFError, ConnectionError):
            text = Path(self._output.name).read_text(errors="replace")
            raise ContenderError(f"the process has ended; it printed:\n{text[-4000:]}") from None
        return failed, result

    def _result(self, failed: bool, result: Any) -> Any:
        if failed:
            raise result if isinstance(result, UserError) else ContenderError(result)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill the process."""
        self._connection.close()
        self._process.kill()
        wait = self._process.wait if isinstance(self._process, subprocess.Popen) else self._process.join
        wait()
        self._output.close()


def _variables(threads: int) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "NPROC": str(threads),  # what XLA's CPU device of JAX takes its threads from
    }


def _spawn(there: Connection, output: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "benchmarks.engine.process", str(there.fileno()), output]
    return subprocess.Popen(words, env=variables, pass_fds=[there.fileno()])


def _fork(there: Connection, output: str, variables: dict[str, str]) -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD])
    process = context.Process(target=in_environment, args=(variables, serve, there, output), daemon=True)
    process.start()
    return process


def serve(connection: Connection, output: str) -> None:
    """Make the object that the first message names, then call its methods, until the other end is closed.

    Args:
        connection: To the process that asks.
        output: File for what is printed.
    """
    ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)
    with Path(output).open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    held: Any = None
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            if method:
                answer = False, getattr(held, method)(*arguments)
            else:
                held, answer = _load(arguments[0])(**arguments[1]), (False, None)
        except UserError as error:
            answer = True, error
        except Exception:
            answer = True, traceback.format_exc()
        connection.send(answer)


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), sys.argv[2])
