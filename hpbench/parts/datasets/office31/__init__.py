"""Office-31 and its generated stand-in."""
