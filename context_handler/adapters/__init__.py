"""How the ports reach the outside world."""
