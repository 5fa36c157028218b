"""Tests of buying: Checkout and back, links, the portal."""
