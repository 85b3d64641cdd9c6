"""Inner and outer loop in NumPy: derivatives written out for a linear model, and by central differences for any."""

import numpy as np

STEP = 1e-5
"""Of the central differences, in the logarithms."""


class LinearNet:
    """Softmax and cross-entropy of a linear model, with gradient and Hessian written out; weights W, b."""

    def loss(self, weights, x, t):
        return -np.log(self._shares(weights, x)[np.arange(len(t)), t]).mean()

    def gradient(self, weights, x, t):
        delta = self._shares(weights, x)
        delta[np.arange(len(t)), t] -= 1
        return [x.T @ delta / len(t), delta.mean(0)]

    def curved(self, weights, x, direction):
        """The Hessian times a direction."""
        shares = self._shares(weights, x)
        moved = x @ direction[0] + direction[1]
        delta = shares * (moved - (shares * moved).sum(1, keepdims=True))
        return [x.T @ delta / len(x), delta.mean(0)]

    def _shares(self, weights, x):
        logits = x @ weights[0] + weights[1]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True)


def inner(net, weights, batches, data, rate, decay):
    """The weights after plain SGD with weight decay."""
    x, t = data
    for row in batches:
        gradient = net.gradient(weights, x[row], t[row])
        weights = [w - rate * (g + decay * w) for w, g in zip(weights, gradient, strict=True)]
    return weights


def slopes(net, weights, batches, data, validation, rate, decay):
    """Of the validation loss after it, over the logarithms of rate and decay, by central differences."""

    def loss(log_rate, log_decay):
        after = inner(net, weights, batches, data, rate * np.exp(log_rate), decay * np.exp(log_decay))
        return net.loss(after, *validation)

    return np.array([loss(STEP, 0) - loss(-STEP, 0), loss(0, STEP) - loss(0, -STEP)]) / (2 * STEP)


def exact_slopes(net, weights, batches, data, validation, rate, decay):
    """The same for a linear model, in forward mode: the derivatives of the weights go along with them."""
    x, t = data
    by_rate, by_decay = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for row in batches:
        gradient = net.gradient(weights, x[row], t[row])
        pull = [g + decay * w for w, g in zip(weights, gradient, strict=True)]

        def moved(direction, push, at=weights, row=row):
            curved = net.curved(at, x[row], direction)
            return [d - rate * (h + decay * d) - p for d, h, p in zip(direction, curved, push, strict=True)]

        by_rate = moved(by_rate, [rate * p for p in pull])
        by_decay = moved(by_decay, [rate * decay * w for w in weights])
        weights = [w - rate * p for w, p in zip(weights, pull, strict=True)]
    last = net.gradient(weights, *validation)
    return np.array([sum((g * d).sum() for g, d in zip(last, along, strict=True)) for along in (by_rate, by_decay)])


def outer(net, weights, loops, data, validation, start, outer_rate, tuned, largest):
    """Weights, and the hyperparameters of every inner loop and after the last one."""
    values, seen = np.array(start, float), []
    for batches in loops:
        seen.append(values)
        slope = slopes(net, weights, batches, data, validation, *values)
        weights = inner(net, weights, batches, data, *values)
        change = np.clip(-outer_rate * slope, -largest, largest)
        values = values * np.exp(np.where(tuned, change, 0))
    return weights, np.array([*seen, values])
