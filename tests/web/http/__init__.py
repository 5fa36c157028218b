"""Tests of web, http."""
