"""Business identifier in, one merged profile out: the engine.

`engine` asks every department in parallel under one deadline, `memory` keeps last-known answers,
`headline` answers the three questions, `merge` finds contradictions, `findings` derives what an
officer should notice, `service` puts them together and applies the decision of `agreements` field
by field. "No record" is never shown as "compliant"; unknown is a value. What does not live here:
adapters (`registry`), classes and grants (`catalogue`, `agreements`). ADR 0007.
"""
