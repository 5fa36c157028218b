"""The dashboard: the page, the polled partial, the charts, the check-in form."""
