"""People from a list (CSV): tried first, taken over whole or not at all, and taken back."""
