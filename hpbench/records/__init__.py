"""Records: what a trial is, what it gave, and the store that keeps both."""
