"""What SEB does that other demo systems do not: its own front door, national roles, and look-ups by CPR number."""
