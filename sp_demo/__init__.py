"""Demo user-facing systems on SAML stacks that are not ours: Byggesag on python3-saml, Ydelser on pysaml2 (design D5)."""
