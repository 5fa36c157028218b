"""Check-ins: recorded, read, and what they amount to over time."""
