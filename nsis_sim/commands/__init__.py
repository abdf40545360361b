"""One file per group of commands. Each has `add_to(app)` and imports what it needs when it is run."""
