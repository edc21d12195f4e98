"""The only code that opens a connection to a department.

`exchange` speaks HTTP/1.1 with keep-alive under one total deadline, `guard` refuses addresses and
answers that could hurt, `httpx_transport` puts the same exchange below `httpx.AsyncClient` for
adapters written in Python, `credentials` says who we are. What does not live here: what an answer
means (`adapters.departments`). ADR 0003.
"""
