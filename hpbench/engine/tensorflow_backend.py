"""TensorFlow: set up for a process, and the rule by which a model is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hpbench.engine.backend import CannotCompileError, Rows, Split
from hpbench.engine.heads import Heads
from hpbench.engine.stateless import is_stateless
from hpbench.engine.steps import Step, plain
from hpbench.engine.tensorflow_program import TensorFlowProgram
from hpbench.engine.tensorflow_unrolled import TensorFlowUnrolled


class TensorFlowBackend:
    """TensorFlow for this process.

    Args:
        threads: Threads of one operation; operations run one after another.
        deterministic: Whether operations have to give the same bits every time.
    """

    def __init__(self, *, threads: int, deterministic: bool) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        self._deterministic = deterministic
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        self._gpus = [device.name for device in tf.config.list_logical_devices("GPU")]

    def place(self, data: dict[str, Split]) -> dict[str, Any]:
        """Put data on the device."""
        return {split: (tf.convert_to_tensor(x), tf.convert_to_tensor(y)) for split, (x, y) in data.items()}

    def compile(
        self,
        model: Any,
        optimizer: Any,
        data: dict[str, Any],
        mode: str,
        *,
        batch_size: int,
        stretch: int,
        step: Step | None = None,
        rows: Rows | None = None,
        heads: Heads | None = None,
    ) -> TensorFlowProgram:
        """Compile training and evaluation.

        ``auto`` is a rule and no timing: XLA on a GPU; on the CPU XLA for models without convolutions, which it fuses,
        and TensorFlow's own kernels for those with them, where XLA's in a loop are ten times slower. Where XLA cannot
        be had, because of an operation it does not know or an optimizer that cannot be written as a function, it is
        the graph.

        Raises:
            CannotCompileError: XLA was asked for and cannot be had, or the step needs what the optimizer cannot give.
        """
        step, data = step or plain(), self.place(data)
        how, reason = self._rule(mode, model, data)
        if (how == "xla" or type(step) is not Step) and not is_stateless(optimizer):
            how, reason = _without_function(mode, optimizer, step)
        optimizer.build(model.trainable_variables)

        def program(how: str, reason: str) -> TensorFlowProgram:
            return TensorFlowProgram(
                model,
                optimizer,
                data,
                mode=how,
                reason=reason,
                batch_size=batch_size,
                stretch=stretch,
                step=step,
                rows=rows,
                heads=heads or Heads(),
            )

        if how != "xla":
            return program(how, reason)
        try:
            return program(how, reason)
        except tf.errors.ResourceExhaustedError:
            raise
        except (tf.errors.OpError, ValueError, TypeError, NotImplementedError) as error:
            why = f"XLA cannot compile this model ({str(error).strip().splitlines()[0][:200]})"
            if mode == "xla":
                raise CannotCompileError(f"{why}; use compile: graph, or auto") from error
            return program("graph", why)

    def _rule(self, mode: str, model: Any, data: dict[str, Any]) -> tuple[str, str]:
        if mode != "auto":
            return mode, "as asked for"
        if self._gpus:
            return "xla", "a GPU"
        if _has_convolution(model, data["train"][0]):
            return "graph", "convolutions on the CPU"
        return "xla", "no convolutions"

    def gradients(
        self, model: Any, images: NDArray[Any], labels: NDArray[np.int32], heads: Heads
    ) -> list[NDArray[Any]]:
        """Of the mean training loss over these images, one a trainable weight; the model stays as it is."""
        weights = [tf.convert_to_tensor(variable.value) for variable in model.trainable_variables]
        statistics = [tf.convert_to_tensor(variable.value) for variable in model.non_trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, _, added = model.stateless_call(weights, statistics, images, training=True, return_losses=True)
            loss = heads.mean_loss(labels, logits, added)
        found = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [gradient.numpy() for gradient in found]

    def validation_gradient(
        self, model: Any, training: Any, validation: Any, mode: str, heads: Heads
    ) -> TensorFlowUnrolled:
        """What the validation loss after some iterations says of their learning rate and weight decay."""
        return TensorFlowUnrolled(model, training, validation, mode, heads)

    def forward(self, model: Any, images: NDArray[Any], mode: str) -> Callable[[], None]:
        """A compiled forward pass over these images, which lie on the device; it returns when it is done."""
        x = tf.convert_to_tensor(images)
        how, _ = self._rule(mode, model, {"train": (x, None)})
        compiled = tf.function(lambda: model(x, training=False), autograph=False, jit_compile=how == "xla")
        call = (lambda: model(x, training=False)) if how == "eager" else compiled.get_concrete_function()

        def done() -> None:
            call().numpy()

        return done

    def synchronise(self) -> None:
        """Wait for the devices: their queues are in order, so one value back from each is enough."""
        for name in self._gpus:
            with tf.device(name):
                tf.constant(0.0).numpy()

    def device_memory(self) -> list[int]:
        """Peak bytes of TensorFlow's allocator, one a GPU."""
        return [int(tf.config.experimental.get_memory_info(_short(name))["peak"]) for name in self._gpus]

    def reset_device_memory(self) -> None:
        """Set the allocator's peaks back to the present level."""
        for name in self._gpus:
            tf.config.experimental.reset_memory_stats(_short(name))

    def describe(self) -> dict[str, str]:
        """Devices and determinism, to be recorded."""
        return {"devices": ", ".join(self._gpus) or "CPU", "deterministic": str(self._deterministic).lower()}


def _short(name: str) -> str:
    """``/device:GPU:0`` as the memory functions want it: ``GPU:0``."""
    return name.split("device:")[-1]


def _has_convolution(model: Any, images: Any) -> bool:
    """Whether the forward pass, or a function it calls, holds a convolution of any kind."""
    traced = tf.function(lambda x: model(x, training=False), autograph=False).get_concrete_function(
        tf.TensorSpec((None, *images.shape[1:]), images.dtype)
    )
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return any("Conv" in node.op for node in nodes)


def _without_function(mode: str, optimizer: Any, step: Step) -> tuple[str, str]:
    """What is left when the optimizer cannot be written as a function of its state: the graph and the plain step."""
    name = type(optimizer).__name__
    if type(step) is not Step:
        raise CannotCompileError(f"{name} cannot be written as a function of its state, as this step needs it")
    if mode == "xla":
        raise CannotCompileError(
            f"{name} cannot be written as a function of its state, as XLA needs it; use compile: graph, or auto"
        )
    return "graph", f"{name} cannot be written as a function of its state"
