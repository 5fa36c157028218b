"""Tests of what Stripe says and how it is caught up with."""
