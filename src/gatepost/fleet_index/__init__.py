"""The fleet in columns, as previews and announcements go through it.

A row at a time, half a million devices take longer than anybody waits; but most of them are like another. So the parts
of the decision in core/policy are asked once for each sort of devices that there is, and arrays carry the answer to all
of that sort. Nothing is decided here a second time.
"""
