"""The security room: parsing, structure, signatures and encryption. No other package builds a parser or reads a signature."""
