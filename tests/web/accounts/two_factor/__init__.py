"""Tests of two-factor on the pages."""
