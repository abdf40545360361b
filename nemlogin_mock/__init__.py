"""NemLog-in, played: logs in citizens and employees for its own clients, and takes the identifiers of local IdPs."""
