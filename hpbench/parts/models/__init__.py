"""Models: functions of (parameters, image shape, number of classes) that return a Keras model of logits."""
