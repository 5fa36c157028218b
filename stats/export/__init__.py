"""What a user takes along, and how it comes back."""
