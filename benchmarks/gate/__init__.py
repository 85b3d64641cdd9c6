"""How often the gate is right: resampled from pools of real runs, with and without something planted."""
