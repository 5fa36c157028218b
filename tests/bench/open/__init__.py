"""Dashboards that are open: how many may be, and what moods cost them."""
