"""Small helpers without a subject: text, times, messages, addresses, locks."""
