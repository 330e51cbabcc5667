"""The mail door: a process with its own copy of the two levels, which answers without the server. Start in check.py."""
