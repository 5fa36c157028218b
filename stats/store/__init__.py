"""Redis: keys, client, scripts, single-use tokens, and tracking of the keys that are written."""
