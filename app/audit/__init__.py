"""What happened, provably: no entry, no data.

Every look-up, refusal, record and administrative act is one append-only entry, durable before the
answer leaves. A transaction appends in its own commit (`service.append`); the profile route, which
touches no database, goes through `sequencer`. Entries hold keyed references and digests, no
personal datum. Numbering and the tree come above this; `promise` and `receipt` are null until then.
ADR 0006.
"""
