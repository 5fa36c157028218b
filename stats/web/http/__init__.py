"""What every request passes: who may, CSRF, cookies, headers, limits, errors."""
