"""What days say: tags, weekdays, periods and how often each score was, with tests of chance."""
