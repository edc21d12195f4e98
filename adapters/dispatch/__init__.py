"""Asking departments: every rule of patience, retry and memory, and nothing about who may see what.

`dispatcher` joins equal questions; a `flight` is one question on its way; a `lane` is all that is
known of one department (`breaker`, `limits`, `backoff`, `timeouts`, `hedging`); `replies` says what
an answer or its absence becomes and keeps it in the `cache`; `fan_out` gathers the sections of one
look-up until its deadline; one `ticker` moves what is late. What is kept here is kept before any
release: nothing in this room knows a grant, and it imports nothing of `app`. Pure. ADR 0008.
"""
