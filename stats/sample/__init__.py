"""A throw-away account with a plausible year."""
