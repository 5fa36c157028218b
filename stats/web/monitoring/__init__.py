"""Access log, audit log and metrics."""
