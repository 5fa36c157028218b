"""The Valkey that a program keeps in its own folder."""
