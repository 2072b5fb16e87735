"""Scenarios from a table: read, worked off in parts that survive a kill, and kept with their manifest."""
