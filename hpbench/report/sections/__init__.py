"""Sections of the Markdown report: each a function from the facts to Markdown."""
