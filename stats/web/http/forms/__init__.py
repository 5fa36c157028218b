"""Forms: their base and their tokens, and what a second press or an old tab gets."""
