"""What was measured: a data set of concentrations as NONMEM users know it, read and looked through."""
