"""Notices: what somebody should know or do, in his inbox, and at the systems that asked for it
(webhooks).

A notice is a row in the same commit as the act it tells of. It names the thing, and holds nothing
of what a department told. What does not live here: who is concerned (the room of the act).
"""
