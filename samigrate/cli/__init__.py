"""The command line: options, which stream gets what, exit codes. It decides nothing."""
