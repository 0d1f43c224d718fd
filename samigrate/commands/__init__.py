"""What the commands share, and the commands that other tools call: the command line but for `cli`."""
