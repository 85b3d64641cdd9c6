"""Definitions: their schema, how a file is read, and how profiles, answers and cases change it."""
