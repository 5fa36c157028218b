"""What is written down and counted: requests, security events, metrics."""
