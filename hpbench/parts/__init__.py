"""The code behind the catalogue: data sets, models, schedules, optimizers, callbacks.

A module here is imported by its catalogue path when a job uses the part, never before.
"""
