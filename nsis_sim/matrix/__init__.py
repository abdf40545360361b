"""The matrix of the federation: every kind of home IdP against every kind of system, in every movement a session can make."""
