"""hpbench: benchmarks of hyperparameter claims, from a declarative definition to a report."""

__version__ = "0.1.0"
