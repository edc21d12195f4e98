"""Masked fields as their departments told them: an act of its own, with a reason."""
