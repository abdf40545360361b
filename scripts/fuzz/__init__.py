"""The oracles of tests/oracles for as long as one likes, with a seed nobody has seen. Run `make fuzz MINUTES=n`."""
