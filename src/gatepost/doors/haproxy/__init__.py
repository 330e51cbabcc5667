"""HAProxy before ActiveSync: it decides by itself, from maps that the door keeps, so no request waits for this process.

`rows` says what stands in the maps, `stats` speaks to HAProxy, `maps` keeps it up to date, `seen` hears whom it saw.
What asks the maps stands in `doors/fronts`: haproxy.py and haproxy.lua.
"""
