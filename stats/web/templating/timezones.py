"""Time zones as text."""


def place_name(timezone: str) -> str:
    """Return the place that an IANA name ends with: `Buenos Aires`."""
    return timezone.rpartition("/")[2].replace("_", " ")
