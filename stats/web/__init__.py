"""The Flask application: pages, JSON API, webhook, commands and the server."""
