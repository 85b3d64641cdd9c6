"""Reports: a run's tables and findings as Markdown with figures, as JSON, and an index of both."""
