"""The normative checks of the profile: one function is one check, written once and read by broker, inspector, conformance and docs."""
