"""Mechanisms, one file each: what the states are, which parameters they need, and how they move."""
