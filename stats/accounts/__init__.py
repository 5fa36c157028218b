"""Accounts: sign-up, log-in, sessions, passwords, two-factor, e-mail addresses."""
