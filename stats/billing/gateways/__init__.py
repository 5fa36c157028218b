"""What Stripe is asked, through its library or in practice, and how it refuses."""
