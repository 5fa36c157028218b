"""Tests of web, accounts."""
