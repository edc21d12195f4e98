"""The police's special-trade system: one GET, XML in GB18030; `JGDM` 00 success, 01 no record, 02
outside its remit.
"""

from typing import Any

import httpx

from adapters.contract.adapter import AdapterQuery
from adapters.contract.sections import PublicSecurity
from adapters.departments.public_security.mapping import to_public_security
from adapters.transport.kinds import python_kind
from adapters.transport.python_department import PythonDepartment, Told

_FOUND, _REASONS = "00", {"01": "no_record", "02": "not_applicable"}


class PublicSecurityAdapter(PythonDepartment):
    """The police department."""

    section, mapping = PublicSecurity, to_public_security
    format, charset, repeatable = "xml", "gb18030", True

    def request(self, query: AdapterQuery) -> httpx.Request:
        asked = {"dm": query.business_id, "dw": query.unit, "mdd": query.purpose}
        return self.get("/tzhy/query", asked)

    def record_of(self, document: dict[str, Any]) -> Told:
        body = document.get("FHJG")
        if not isinstance(body, dict):
            return Told()
        code = str(body.get("JGDM"))
        failure = None if code == _FOUND or code in _REASONS else f"JGDM {code[:10]}"
        return Told(body.get("DM"), body.get("SJSJ"), body, _REASONS.get(code), failure)


KIND = python_kind(PublicSecurityAdapter)
