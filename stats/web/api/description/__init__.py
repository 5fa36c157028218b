"""The description of the API: OpenAPI, and a page that shows it."""
