"""The plans pages, and Stripe's webhook."""
