"""The embedded Valkey: a server of the program's own in its data folder."""
