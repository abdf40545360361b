"""The SAML messages of the profile, one a file: a frozen value, how it is read and how it is written."""
