"""Tests of web, poll cache."""
