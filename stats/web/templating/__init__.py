"""Template globals and presenters: translation, dates, formatting, charts."""
