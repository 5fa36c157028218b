"""Tests of whose a customer at Stripe is."""
