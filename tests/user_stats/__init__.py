"""Tests of user stats."""
