"""What things cost. `make bench` runs everything and writes docs/performance.md; no figure is ever a test."""
