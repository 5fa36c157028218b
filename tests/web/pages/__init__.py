"""Tests of web, pages."""
