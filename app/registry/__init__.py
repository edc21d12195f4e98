"""Which adapters exist, in which state, and whether they may be called.

`lifecycle` is the state machine (registered → verified → in_review → published ⇄ suspended →
retired), `loader` turns a manifest into a live adapter, `offices` says which of a section is asked
where, `vault` keeps credentials encrypted, `examinations` runs the conformance suite as an
operation. Published is callable, suspended is gone,
within a second and without a restart: live adapters are a snapshot. What does not live here: the
seam and the suite themselves (`adapters`).
"""
