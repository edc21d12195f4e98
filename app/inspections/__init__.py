"""The record of a visit: written once by the officers on it, handed on to every department
concerned.

Any officer on the visit records an observation for another department's item; only a certified
officer of the competent department determines (docs/sources.md). A record's id is made by the
client: the same id and body get the same answer, however often they come. What does not live here:
sending (`delivery`), pulling (`supervision`).
"""
