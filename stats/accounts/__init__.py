"""Who people are and how they get in: sign-up, log-in, sessions, passwords, addresses."""
