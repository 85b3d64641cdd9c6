"""From a definition, and the results so far, to trials."""
