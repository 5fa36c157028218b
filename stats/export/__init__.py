"""Exporting a user's data as JSON and CSV, and restoring an export."""
