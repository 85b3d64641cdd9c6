"""Running a plan round by round: job processes, the local executor, resume."""
