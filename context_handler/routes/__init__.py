"""The broker's HTTP endpoints. A handler reads, calls a story and writes; nothing is decided here."""
