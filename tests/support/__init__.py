"""What several tests need: kits and helpers."""
