"""Numbers only: float64 arrays in canonical units go in, arrays come out. No names, no files, no tables."""
