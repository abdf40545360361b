"""How a message travels: HTTP-Redirect, HTTP-POST and SOAP. Raw bytes in, octets of XML out, nothing decoded before it is counted."""
