"""The tax system: log in for a session token, then POST the query; `code` 0 is success, 2404 no
such taxpayer.
"""

from typing import Any

import httpx

from adapters.contract.adapter import AdapterQuery
from adapters.contract.errors import AdapterUnavailable
from adapters.contract.sections import Tax
from adapters.departments.tax.mapping import to_tax
from adapters.transport.answers import status_failure
from adapters.transport.credentials import LoginAuth
from adapters.transport.kinds import python_kind
from adapters.transport.python_department import PythonDepartment, Told

_EXPIRED_AS_TOLD, _FOUND, _NO_RECORD = b'"1401"', "0", "2404"


class TaxAdapter(PythonDepartment):
    """The tax department. Needs the secrets `username` and `password`."""

    section, mapping = Tax, to_tax

    def request(self, query: AdapterQuery) -> httpx.Request:
        asked = {"nsrsbh": query.business_id, "cxmd": query.purpose, "cxdw": query.unit}
        return self.post("/sw/nsrcx", asked)

    def record_of(self, document: dict[str, Any]) -> Told:
        code, record = str(document.get("code")), document.get("data")
        echo = (record if isinstance(record, dict) else document).get("nsrsbh")
        reason = "no_record" if code == _NO_RECORD else None
        failure = None if code in {_FOUND, _NO_RECORD} else f"code {code[:20]}"
        return Told(echo, document.get("sjgxsj"), record, reason, failure)

    def auth(self) -> httpx.Auth:
        return LoginAuth(self._login_request, self._read_token, self._is_expired)

    def _login_request(self) -> httpx.Request:
        try:
            given = {"yhm": self.secrets["username"], "mm": self.secrets["password"]}
        except KeyError as error:
            raise AdapterUnavailable(
                "credentials_rejected", f"no {error.args[0]} is stored"
            ) from error
        return self.post("/sw/login", given)

    def _read_token(self, response: httpx.Response) -> str:
        if failure := status_failure(response.status_code):
            raise failure
        token = self.document_of(response).get("token")
        if not isinstance(token, str) or not token:
            raise AdapterUnavailable("credentials_rejected", "login gave no token")
        return token

    def _is_expired(self, response: httpx.Response) -> bool:
        if response.status_code == httpx.codes.UNAUTHORIZED:
            return True
        return response.is_success and _EXPIRED_AS_TOLD in response.content[:200]


KIND = python_kind(TaxAdapter)
