"""Tests of passwords on the pages."""
