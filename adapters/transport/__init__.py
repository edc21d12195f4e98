"""The only code that opens a connection to a department.

`exchange` speaks HTTP/1.1 with keep-alive under one total deadline, `guard` refuses addresses and
answers that could hurt, `httpx_transport` puts the same exchange below `httpx.AsyncClient` for
departments in Python, of which `python_department` is the template; `kinds` says what a kind
exports, `credentials` who we are. What does not live here: what an answer
means (`adapters.departments`). ADR 0003.
"""
