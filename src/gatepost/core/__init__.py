"""The pure part: no I/O, no clock, nothing imported but the standard library."""
