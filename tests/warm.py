"""``hpbench`` started again and again from a process that has already imported what a run imports.

Each command is a process of its own, with its own session, folder, environment and output, whose fork server and jobs
are processes, too, and can be killed: only the seconds in which every one of them would import TensorFlow are saved.
That a process which imports for itself does the same is what ``tests/cli/test_run.py`` is for.
"""

import atexit
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from multiprocessing import util
from pathlib import Path

LARGEST = 2**18
"""Bytes of a request: arguments and environment."""


# --- in the test's process


class Warm:
    """Starts commands. To be closed; what has been started goes on."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        as_jobs = {"KERAS_HOME": self._home.name, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [sys.executable, "-c", "from tests.warm import serve; serve()"],
            stdin=theirs,
            env=os.environ | as_jobs | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        theirs.close()

    def start(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> "Started":
        """Start ``hpbench`` with these arguments."""
        written = os.memfd_create("output"), os.memfd_create("errors")
        answers, theirs = os.pipe()
        request = [["hpbench", *arguments], str(cwd), env or dict(os.environ)]
        socket.send_fds(self._requests, [json.dumps(request).encode()], [*written, theirs])
        os.close(theirs)
        return Started(answers, written)

    def run(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``hpbench`` with these arguments to its end."""
        started = self.start(*arguments, cwd=cwd, env=env)
        output, errors = started.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, started.returncode, output, errors)

    def close(self) -> None:
        """End the server."""
        self._requests.close()
        self._server.wait()
        self._home.cleanup()


class Started:
    """A command that has been started: as much of ``subprocess.Popen`` as tests need."""

    def __init__(self, answers, written):
        self._answers, self._descriptors = os.fdopen(answers, "rb", 0), written
        self.returncode = None
        self.pid = self._answer(300)  # the server may still import

    def _answer(self, timeout):
        if not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("hpbench", timeout)
        return int(self._answers.readline())  # unbuffered: what comes after it stays, for select

    def poll(self):
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout=300):
        if self.returncode is None:
            self.returncode = self._answer(timeout)
            self._answers.close()
            self._written = tuple(map(_read_all, self._descriptors))
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout=300):
        """Wait for the end; what was written to output and errors."""
        self.wait(timeout)
        return self._written


def _read_all(descriptor):
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read().decode()


# --- in the process that has imported everything


def serve():
    """Fork for each request that comes on the standard input, until it is closed."""
    import hpbench.execution.driver
    import hpbench.execution.preload
    import hpbench.report.write  # noqa: F401

    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, LARGEST, 3)
        if not request:
            return
        if not os.fork():
            requests.close()
            _attend(json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _attend(request, output, errors, answers):
    """Fork the command; answer with its process id, then with its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if not process:
        os.close(answers)
        _be(*request, output, errors)
    os.write(answers, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _be(arguments, folder, environment, output, errors):
    """Be ``python -m hpbench`` with these arguments, in this folder and environment."""
    os.setsid()
    for descriptor, target in ((output, 1), (errors, 2)):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    sys.path.insert(0, folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    util.spawnv_passfds = _fork_instead(util.spawnv_passfds)
    _exit_with(lambda: runpy.run_module("hpbench", run_name="__main__", alter_sys=True))


def _fork_instead(spawn):
    """As ``spawn``, but for a fork server, which is forked: what it would import has been imported."""

    def start(path, arguments, descriptors):
        command = arguments[-1]
        if "forkserver" not in os.fsdecode(command):
            return spawn(path, arguments, descriptors)
        process = os.fork()
        if not process:
            for descriptor in {int(path.name) for path in Path("/proc/self/fd").iterdir()} - {0, 1, 2, *descriptors}:
                _close(descriptor)
            _exit_with(lambda: exec(command, {"__name__": "__main__"}))
        return process

    return start


def _close(descriptor):
    try:
        os.close(descriptor)
    except OSError:  # of the listing itself
        return


def _exit_with(function):
    """Call, and end this process as an interpreter would."""
    status = 1
    try:
        function()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
