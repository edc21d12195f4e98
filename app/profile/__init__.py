"""Business identifier in, one merged profile out.

Start reading at `disclosure`: ask, confirm, release, entry durable, tell. `request` and `answer`
are the two doors' one reading and one answering (`routes`, `fastpath`), `plans` whom to ask and
what may be released, `inquiry` the questions of one look-up, `headline` the three questions,
`merge` contradictions, `findings` what an officer should notice. "No record" is never shown as
"compliant"; unknown is a value. What does not live here: asking (`adapters.dispatch`), adapters
(`registry`), classes and grants (`catalogue`, `agreements`). ADR 0007, 0011, 0014.
"""
