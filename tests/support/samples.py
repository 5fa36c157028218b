"""Requests that many tests send."""

MESSAGES = [{"role": "user", "content": "Hello"}]
FORM_TYPE = "application/x-www-form-urlencoded"
