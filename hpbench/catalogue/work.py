"""What a trial does (procedures), what proposes trials (planners), and what computes (backends)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from hpbench.catalogue.models import MODELS
from hpbench.catalogue.numbers import WHOLE, Number, Whole
from hpbench.catalogue.part import Parameters, Register
from hpbench.catalogue.steps import Plain, plain_sgd_needed

ModelSpec: Any = MODELS.specification


class Procedure(Parameters):
    """What every procedure has."""

    def fault(self, training: Any) -> str | None:
        """What of a definition's ``training`` it cannot work with, and what it can; None if nothing."""
        return None


class Train(Procedure):
    """Train from a fresh initialisation for a fixed number of iterations, evaluating at intervals."""

    name: Literal["train"] = "train"


class Fit(Procedure):
    """The same training by Keras' ``model.fit``, measured at the end only: to compare with."""

    name: Literal["fit"]


class Transfer(Procedure):
    """Train on ``source``, freeze all but the last layer with weights, train that on what ``training.only`` names."""

    name: Literal["transfer"]
    source: dict[str, str] = Field(min_length=1, description="head to class: the images to train on first")


class Bilevel(Procedure):
    """Tune learning rate and weight decay by gradient: an inner loop trains, an outer one descends the validation loss.

    The inner loop is ``inner_steps`` iterations of plain SGD; after it the hyperparameters to ``tune`` go down the
    gradient of the validation loss through these iterations, in their logarithms, ``outer_rate`` times as far. Then
    training goes on from where the inner loop ended. The weight decay begins at the optimizer's ``l2``.
    """

    name: Literal["bilevel"]
    inner_steps: Whole = Field(default=10, ge=1)
    outer_steps: Annotated[int | None, Field(ge=1), WHOLE] = Field(
        default=None, description="after as many the hyperparameters stay as they are; never if none"
    )
    outer_rate: Number = Field(default=5.0, gt=0, description="of a logarithm, over the slope")
    largest_change: Number = Field(default=1.0, gt=0, description="of a logarithm in one outer step")
    tune: Annotated[tuple[Literal["learning_rate", "weight_decay"], ...], Field(min_length=1)] = (
        "learning_rate",
        "weight_decay",
    )
    validation_images: Annotated[int | None, Field(ge=1), WHOLE] = Field(
        default=None, description="drawn anew for each outer step; all of the validation split if none"
    )

    def fault(self, training: Any) -> str | None:
        """The inner loop is plain SGD, whose weight decay has a logarithm."""
        who = "the procedure bilevel"
        if not isinstance(training.step, Plain):
            return f"{who} makes plain steps; leave the step {training.step.name} out"
        if training.callbacks:
            return f"{who} calls no callbacks; leave them out"
        if (fault := plain_sgd_needed(who, training)) is not None:
            return fault
        if "weight_decay" in self.tune and not training.optimizer.l2:
            return (
                f"{who} tunes the logarithm of the weight decay, which begins at the optimizer's l2: "
                "give a positive one, or write 'tune: [learning_rate]'"
            )
        return None


class Latency(Procedure):
    """Measure a forward pass of the model, untrained: seconds an image, warm, the median over ``windows``.

    With another model ``beside`` it, window by window in turn, its ratio to that model's, too.
    """

    name: Literal["latency"]
    batch_sizes: Annotated[tuple[Annotated[int, Field(gt=0), WHOLE], ...], Field(min_length=1)] = (1, 32)
    windows: Whole = Field(default=20, ge=3)
    beside: ModelSpec | None = None


class Layer(Parameters):
    """A layer of a stack of feature maps: a square filter, or a pooling window, moved by ``stride`` pixels.

    With ``padding`` ``same`` the image is padded as much as keeps its size but for the stride; with ``valid`` not.
    """

    filter_size: Whole = Field(ge=1)
    stride: Whole = Field(default=1, ge=1)
    padding: Literal["valid", "same"] = "valid"


class FeatureMaps(Procedure):
    """Compute, without training: the size of each layer's output, for ``layers`` one after another, ``repeat`` times.

    Images have ``side`` times ``side`` pixels. It ends where a filter is larger than what is left of the image.
    """

    name: Literal["feature_maps"]
    side: Whole = Field(ge=1)
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    repeat: Whole = Field(default=1, ge=1, le=1000)


class Cases(Parameters):
    """Every case of the definition and of its studies, in one round."""

    name: Literal["cases"] = "cases"


class MatchedLatency(Parameters):
    """Every case; those of ``study`` with a ``setting`` at which a forward pass takes as long as the reference's.

    Latency is measured at batch size ``batch``. The search ends ``within`` that share of the reference's, or after
    ``rounds``; then what it found is measured ``confirm`` times more.
    """

    name: Literal["matched_latency"]
    study: str
    reference: str
    setting: str = "model.width"
    batch: Whole = Field(default=32, ge=1)
    within: Number = Field(default=0.1, gt=0)
    rounds: Whole = Field(default=8, ge=1)
    confirm: Whole = Field(default=3, ge=1)

    def measuring(self, case: str, value: object) -> str:
        """Name of the trials that measure a case with that value of the setting."""
        return f"{case}, {self.setting}={value}"


class TensorFlow(Parameters):
    """TensorFlow: the stretch between two evaluations is one ``tf.function``."""

    name: Literal["tensorflow"] = "tensorflow"


PROCEDURES = Register(
    "procedure",
    {
        Train: "hpbench.engine.train:train",
        Fit: "hpbench.engine.by_fit:fit",
        Transfer: "hpbench.engine.transfer:transfer",
        Bilevel: "hpbench.engine.bilevel:bilevel",
        Latency: "hpbench.engine.latency:latency",
        FeatureMaps: "hpbench.engine.feature_maps:feature_maps",
    },
)
PLANNERS = Register(
    "planner", {Cases: "hpbench.plan.cases:next_round", MatchedLatency: "hpbench.plan.matched:next_round"}
)
BACKENDS = Register("backend", {TensorFlow: "hpbench.engine.tensorflow_backend:TensorFlowBackend"})
