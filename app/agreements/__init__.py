"""May this purpose see this field? Deny by default.

`purposes` and `decision` and `masking` are pure; agreements are rows (seeded by the first
migration: inspection with class 2 given an open task, patrol with classes 3 and 4), kept in a
snapshot because the profile route waits for no database. What does not live here: the class of a
field (`catalogue`), who has which task (`tasks`).
"""
