"""The departments: everything the gateway knows about talking to them.

What lives here: the published vocabulary (`contract`), the only code that opens a connection
(`transport`), one folder per department that needs Python (`departments`; most need none,
`standard_rest` serves them by configuration), the exam before publication (`conformance`) and mock
departments for demo and tests (`fakes`). What does not: who may see a field (`app.agreements`),
which adapters exist (`app.registry`).

Add a department: docs/add-a-department.md. Decisions: docs/adr/0002, docs/adr/0003.
"""
