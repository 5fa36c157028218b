"""Tests of legacy import."""
