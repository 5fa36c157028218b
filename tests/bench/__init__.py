"""The benchmark: `make bench`. docs/performance.md says what is measured, and how."""
