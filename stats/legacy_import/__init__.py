"""Importing the users of the first Aira."""
