"""Moving in from the first Aira."""
