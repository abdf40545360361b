"""The command line and the launcher: the only room that knows every house. Imports are late, so that `nsis --help` is quick."""
