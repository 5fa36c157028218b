"""What templates are given: words, dates, formats, charts."""
