"""What a trial does: procedures, and one file a backend. Runs inside a job process."""
