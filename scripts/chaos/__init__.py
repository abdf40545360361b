"""Faults on purpose, against real broker processes on loopback: kills, races, disk, clock, upstream, drain. `make chaos` runs all of it."""
