"""Bundled definitions (the YAML files), and the benchmarks of the engine itself (``test_engine_*.py``)."""
