"""Stripe: Checkout, webhooks, the recomputed plan, reconciling."""
