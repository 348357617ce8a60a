"""One module per command; each holds a click command named ``command``.

The exit codes besides 0: click itself uses 2 for wrong usage.
"""

EXIT_FOUND = 1  # check found something
EXIT_UNUSABLE = 3  # an input, setting or data file could not be used
