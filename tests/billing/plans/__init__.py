"""Tests of what is paid for and what it is worth."""
