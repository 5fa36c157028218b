"""What a plan is worth, and what a subscription gives."""
