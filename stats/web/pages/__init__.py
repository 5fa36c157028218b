"""The other pages: landing, history, conversations, health, metrics."""
