"""Random lives of customers on the simulated Stripe."""
