"""The pages of accounts: sign-up, log-in, settings, passwords, addresses, two-factor."""
