"""Redis: the keys, the client, the scripts, and what tells whose data was written."""
