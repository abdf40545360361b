"""Load on one machine, over loopback: whole logins through every house, and the broker alone. `make load`; bounded in rate and time."""
