"""Who is measured, beside whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

from benchmarks.engine.process import Process
from benchmarks.engine.program import Network
from benchmarks.engine.workloads import SHORT, Workload

KERAS = "benchmarks.engine.keras_programs"
KEPT = "4294967296"


@dataclass(frozen=True)
class Contender:
    """One way to train.

    Args:
        name: For the report.
        family: ``suite``, ``fit``, ``PyTorch`` or ``JAX``.
        program: Import path of its ``Program``.
        seconds: Of a window, about. ``fit`` has longer ones, so that what an epoch costs weighs little.
        options: Keyword arguments of the program.
        environment: Variables of its process.
        library: What has to be installed.
    """

    name: str
    family: str
    program: str
    seconds: float
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    library: str = "keras"

    def checked(self, workload: Workload) -> int:
        """Steps after which its loss is compared: those of its epoch, which has the same batches again and again."""
        return int(self.options.get("epoch", workload.checked))

    @property
    def installed(self) -> bool:
        """Whether its library is there."""
        return find_spec(self.library) is not None

    def process(self, workload: Workload, network: Network, threads: int) -> Process:
        """Start it."""
        arguments = {"workload": workload, "network": network, "threads": threads, **self.options}
        return Process(
            self.program,
            arguments,
            threads=threads,
            forked=self.library == "keras",
            environment=self.environment,
        )


def _fit(name: str, **options: Any) -> Contender:
    return Contender(name, "fit", f"{KERAS}:Fit", 1.5, options)


def _torch(name: str, environment: Mapping[str, str] | None = None, **options: Any) -> Contender:
    program = "benchmarks.engine.torch_programs:Eager"
    return Contender(name, "PyTorch", program, 0.4, options, environment or {}, "torch")


SUITE = Contender("hpbench", "suite", f"{KERAS}:Suite", 0.4)
SUITE_SHORT = replace(SUITE, name=f"{SUITE.name}, calls of {SHORT} steps", options={"stretch": SHORT})
FIT_SHORT = _fit(f"fit, epochs of {SHORT} steps", epoch=SHORT)
FIT = _fit("fit")
FITS = (
    FIT,
    _fit("fit, steps_per_execution 10", steps_per_execution=10),
    _fit("fit, steps_per_execution 100", steps_per_execution=100),
    _fit("fit, jit_compile", jit_compile=True),
    _fit("fit, jit_compile, steps_per_execution 100", jit_compile=True, steps_per_execution=100),
    _fit("fit on cached tf.data, steps_per_execution 100", cached=True, steps_per_execution=100),
    _fit(
        "fit on cached tf.data, jit_compile, steps_per_execution 100",
        cached=True,
        jit_compile=True,
        steps_per_execution=100,
    ),
)
TORCH = _torch("PyTorch eager")
TORCH_KEPT = _torch(
    "PyTorch eager, freed memory kept", {"MALLOC_MMAP_THRESHOLD_": KEPT, "MALLOC_TRIM_THRESHOLD_": KEPT}
)
TORCH_FUSED = _torch("PyTorch eager, fused Adam", fused=True)
JAX = Contender("JAX, lax.scan", "JAX", "benchmarks.engine.jax_programs:Scan", 0.4, library="jax")


def all_contenders(workload: Workload) -> list[Contender]:
    """Everybody who can train it; the suite first."""
    fused = [TORCH_FUSED] if workload.optimizer["name"] == "adam" else []
    return [SUITE, SUITE_SHORT, *FITS, FIT_SHORT, TORCH, TORCH_KEPT, *fused, JAX]
