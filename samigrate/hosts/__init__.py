"""Who reads and writes: the ways in which a run is started."""
