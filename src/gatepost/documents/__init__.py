"""Documents to core values and back, with line and column; nothing here decides."""
