"""Statistics, claims, effects and advice, from a run's tables. Data only: rendering is the report's."""
