"""Tests of web, monitoring."""
