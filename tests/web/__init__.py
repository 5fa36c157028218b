"""The application as its users meet it: through HTTP."""
