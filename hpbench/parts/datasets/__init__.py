"""Data sets: functions of their parameters that return ``Arrays``; no Keras here."""
