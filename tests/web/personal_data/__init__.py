"""Tests of web, personal data."""
