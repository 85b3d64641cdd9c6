"""The learning-rate search in NumPy, line by line as figure 1 of the document has it; nothing of the suite's in it."""

from dataclasses import dataclass, field

import numpy as np

ALPHA, BETA = 8, 5


class TwoLayerNet:
    """ReLU, softmax and cross-entropy, with gradients written out; weights W1, b1, W2, b2."""

    def loss(self, weights, x, t):
        return self._forward(weights, x, t)[0]

    def gradient(self, weights, x, t):
        _, hidden, shares = self._forward(weights, x, t)
        w2 = weights[2]
        d_logits = shares.copy()
        d_logits[np.arange(len(t)), t] -= 1
        d_logits /= len(t)
        d_hidden = (d_logits @ w2.T) * (hidden > 0)
        return [x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0)]

    def _forward(self, weights, x, t):
        w1, b1, w2, b2 = weights
        hidden = np.maximum(x @ w1 + b1, 0)
        logits = hidden @ w2 + b2
        logits = logits - logits.max(1, keepdims=True)
        logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return -logarithms[np.arange(len(t)), t].mean(), hidden, np.exp(logarithms)


@dataclass
class Search:
    """State of the algorithm; ``iterate`` is one iteration on a mini-batch."""

    h: list
    alpha: float = ALPHA
    beta: float = BETA
    nonzero: bool = False
    zero_has_sign: bool = True
    biases: bool = True
    everything: tuple | None = None
    free: bool = False
    delta: float | None = None
    branches: list = field(default_factory=list)
    g: list = field(default_factory=list)
    rate: float | None = None
    losses: list = field(default_factory=list)

    def iterate(self, net, weights, x, t):
        """The weights after the iteration."""
        self.g, self.losses = [], []
        gradient = net.gradient(weights, x, t)
        while self.delta is None:
            # Step 2: the change of the signs of the gradient, in percent, by an update with each eta
            self.g.append([self._change(net, weights, gradient, eta, x, t) for eta in self.h])
            if max(self.g[-1]) > self.alpha:  # (a)
                self.branches.append("a")
                self.h = [eta / 10 for eta in self.h]
                if not self.free:
                    return weights
            elif max(self.g[-1]) < self.beta:  # (b), equation (1)
                self.branches.append("b")
                self.delta = self.h[int(np.argmax(self.g[-1]))]
                if not self.free:
                    return weights
            else:  # (c)
                self.branches.append("c")
                self.rate = self.h[0]
                return updated(weights, gradient, self.h[0])
        # Steps 4 and 5
        k = [self.delta / 2, self.delta]
        self.losses = [net.loss(updated(weights, gradient, eta), x, t) for eta in k]
        self.rate = k[int(np.argmin(self.losses))]
        self.branches.append("pick")
        return updated(weights, gradient, self.rate)

    def _change(self, net, weights, gradient, eta, x, t):
        after = updated(weights, gradient, eta)
        if self.everything:
            x, t = self.everything
            gradient = net.gradient(weights, x, t)
        counted = changed = 0
        for before, now in zip(gradient, net.gradient(after, x, t), strict=True):
            if before.ndim == 1 and not self.biases:
                continue
            counts = before != 0 if self.nonzero else np.full(before.shape, True)
            differs = np.sign(before) != np.sign(now) if self.zero_has_sign else before * now < 0
            counted += counts.sum()
            changed += differs[counts].sum()
        return 100 * changed / max(counted, 1)


def updated(weights, gradient, eta):
    return [weight - eta * part for weight, part in zip(weights, gradient, strict=True)]
