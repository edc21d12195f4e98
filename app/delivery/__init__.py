"""Transactional outbox: what must reach a department is a row in the same commit as the act it
tells of.

At least once, in order per (department, business), exponential back-off from 1 s to 15 min, dead
letter after 72 h; the department's receipt closes the row. The sender is a protocol that the
registry fills. What does not live here: what a message says (`inspections`).
"""
