"""Tests of web, templating."""
