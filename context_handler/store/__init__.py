"""Durable state of the broker, behind small protocols. SQLite is embedded by default (design D10)."""
