"""What the benchmarks of the engine share: workloads, contenders, ratios, and the report."""
