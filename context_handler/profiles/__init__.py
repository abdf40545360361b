"""The profiles of SAML that the broker speaks, one module each: how a home IdP is understood, and how a system is answered."""
