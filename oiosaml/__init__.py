"""OIOSAML 3 with KOMBIT's additions as a pure library: octets and values in, values out; no I/O, clock, randomness or settings."""
