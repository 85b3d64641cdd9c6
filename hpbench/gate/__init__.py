"""Runs side by side: reference runs, comparison, and the gate that holds a run to a reference."""
