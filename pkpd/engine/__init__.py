"""Numbers only: float64 arrays in canonical units go in, arrays come out. No names, no files, no tables."""

from pkpd import compile_cache

compile_cache.prepare()
compile_cache.announce_compiling()
