"""Clients generated from the description of the API, making real calls."""
