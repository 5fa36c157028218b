"""The sample account: a throw-away one with a generated year."""
