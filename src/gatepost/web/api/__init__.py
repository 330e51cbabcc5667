"""The verbs and the looks of the command line over HTTP, for programs that show a person's token.

The data are those of `--json`; who may, and why not, the same actions decide.
"""
