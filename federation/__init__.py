"""The simulated world: authorities, IdPs, systems, roles and people, as values; and how they are loaded, exported and given keys."""
