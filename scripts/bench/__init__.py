"""What one brokered login costs, in multiples of an RSA-2048 private operation timed in the same run. A benchmark, never a timed test."""
