"""Tests of web, dashboard."""
