"""A municipality's IdP, played: its login page lets anybody be anybody, its messages are those of a real one."""
