"""Files that people write, read into core values; every problem with its line and column."""
