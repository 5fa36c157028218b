"""The plans, and which plan a Stripe subscription gives when."""
