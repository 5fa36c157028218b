"""The Flask half: one module for each surface."""
