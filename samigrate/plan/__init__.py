"""The plan of a run: the transforms over the planned state, in order."""
