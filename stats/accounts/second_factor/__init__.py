"""Two-factor log-ins: codes from an app, recovery codes, and the lock after wrong ones."""
