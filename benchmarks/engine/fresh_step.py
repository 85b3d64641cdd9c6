"""A process that imports Keras and makes one update of LeNet, as a person writes it; prints when it got where.

python -m benchmarks.engine.fresh_step ARRAYS.npz BATCH_SIZE
"""

import sys
import time

import keras
import numpy as np

from hpbench.parts.models.lenet import lenet

imported = time.time()

if __name__ == "__main__":
    with np.load(sys.argv[1]) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
    size = int(sys.argv[2])
    model = lenet({"variant": "caffe"}, x.shape[1:], 10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss)
    model.train_on_batch(x[:size], y[:size])
    print(f"\n{imported!r} {time.time()!r}")
