"""The pages of plans, and Stripe's webhook."""
