"""Ground floor: settings, database, errors and problem documents, ids, clock, paging. Knows no
domain word.

What would have to run uphill from here runs through a `Slot` that `lifespan` fills.
"""
