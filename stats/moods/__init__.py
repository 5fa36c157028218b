"""Mood entries, their history over time, and comparisons of weekdays."""
