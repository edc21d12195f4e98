"""Units and people: who holds a valid enforcement certificate, for which department and region.

A certificate is what makes an inspection lawful (two certified officers, L-CF art 42), so a record
checks its officers here. What does not live here: tokens and roles (`auth`).
"""
