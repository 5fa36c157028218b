"""What every request passes: access, CSRF, cookies, headers, rate limits, errors."""
