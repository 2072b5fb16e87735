"""The bare engine on a NONMEM data set, without drug knowledge."""
