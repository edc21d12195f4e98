"""One folder per department that needs Python, and `standard_rest` for all that need only
configuration.

A folder holds `adapter.py` (I/O, ends by the deadline, raises only `AdapterError`) and `mapping.py`
(pure translation of the department's words into a canonical section). No folder knows another. What
they share stands in `adapters.transport.python_department` and `adapters.contract.convert`.
`adapter.py` exports `KIND` (`adapters.transport.kinds`); `app.registry.loader` finds it by the
folder's name, so adding one edits no central file. docs/add-a-python-department.md.
"""
