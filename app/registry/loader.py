"""From a manifest to a live adapter. A Python adapter is found by its folder's name; adding one
edits no central file.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec

from adapters import departments
from adapters.contract import (
    AdapterError,
    DepartmentAdapter,
    IdentifierError,
    Manifest,
    parse,
)
from adapters.departments.standard_rest.adapter import StandardRestAdapter
from adapters.departments.standard_rest.mapping import MappingError
from adapters.transport.documents import check_structure
from adapters.transport.exchange import Exchange
from adapters.transport.guard import Limits
from app.registry.errors import ManifestInvalid, SampleInvalid

NEEDED_SECRETS = {
    "none": frozenset[str](),
    "api_key": frozenset({"api_key"}),
    "bearer": frozenset({"token"}),
    "basic": frozenset({"username", "password"}),
    "login": frozenset({"username", "password"}),
}
_METHOD_OF = {
    "search": "search",
    "resolve_qr": "resolve_qr",
    "results": "submit_results",
    "aggregate": "aggregate",
}


@dataclass(frozen=True, slots=True)
class Workshop:
    """What building an adapter needs."""

    exchange: Exchange
    now: Callable[[], datetime]

    def build(self, manifest: Manifest, secrets: dict[str, str]) -> DepartmentAdapter:
        """A live adapter. Raises `MappingError` or `AdapterError` for a declaration that cannot
        work.
        """
        module = importlib.import_module(f"adapters.departments.{manifest.kind}.adapter")
        return cast("DepartmentAdapter", module.ADAPTER(manifest, self.exchange, secrets, self.now))

    def check(self, manifest: Manifest) -> None:
        """Raise `ManifestInvalid` for what can be known before the endpoint is asked."""
        if manifest.kind not in known_kinds():
            raise ManifestInvalid(
                f"There is no adapter kind {manifest.kind}.", pointer="/body/kind"
            )
        if manifest.auth.kind == "login" and manifest.kind == "standard_rest":
            raise ManifestInvalid("A login flow needs a Python adapter.", pointer="/body/auth/kind")
        for name in ("sample_business_id", "unknown_business_id"):
            try:
                parse(getattr(manifest, name))
            except IdentifierError as error:
                raise ManifestInvalid(error.detail, pointer=f"/body/{name}") from error
        self._check_addresses(manifest)
        try:
            adapter = self.build(manifest, _stand_ins(manifest))
        except MappingError as error:
            raise ManifestInvalid(error.detail, pointer=f"/body/mapping{error.pointer}") from error
        except ValueError as error:
            raise ManifestInvalid(str(error), pointer="/body/mapping/response") from error
        for operation in manifest.operations:
            if not hasattr(adapter, _METHOD_OF[operation]):
                raise ManifestInvalid(
                    f"The kind {manifest.kind} offers no {operation}.", pointer="/body/operations"
                )

    def _check_addresses(self, manifest: Manifest) -> None:
        if manifest.replicas and manifest.kind != "standard_rest":
            raise ManifestInvalid(
                f"The kind {manifest.kind} asks one address only.", pointer="/body/replicas"
            )
        places = [("/body/base_url", manifest.base_url)]
        places += [
            (f"/body/replicas/{index}", address) for index, address in enumerate(manifest.replicas)
        ]
        for pointer, address in places:
            try:
                self.exchange.guard.check(address)
            except AdapterError as error:
                raise ManifestInvalid(error.detail, pointer=pointer) from error

    def preview(self, manifest: Manifest, sample: Any) -> dict[str, Any]:
        """What a pasted sample becomes. Raises `SampleInvalid`; no endpoint is asked."""
        adapter = StandardRestAdapter(manifest, self.exchange, _stand_ins(manifest), self.now)
        try:
            check_structure(sample, Limits())
            return cast("dict[str, Any]", msgspec.to_builtins(adapter.preview(sample)))
        except AdapterError as error:
            raise SampleInvalid(error.detail or error.code, pointer="/body/sample") from error


def _stand_ins(manifest: Manifest) -> dict[str, str]:
    """Values in place of secrets, for building an adapter that is not going to ask anybody."""
    return dict.fromkeys(NEEDED_SECRETS[manifest.auth.kind], "")


def known_kinds() -> frozenset[str]:
    """Names of the folders in `adapters.departments`."""
    return frozenset(module.name for module in pkgutil.iter_modules(departments.__path__))


def read_manifest(document: Any, region: str) -> Manifest:
    """A manifest from JSON values; where it names no region, it is for this one.

    Raises `ManifestInvalid` with the pointer msgspec found.
    """
    try:
        check_structure(document, Limits())
    except AdapterError as error:
        raise ManifestInvalid(error.detail, pointer="/body") from error
    try:
        return msgspec.convert({"region": region} | document, Manifest)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at ")
        pointer = (
            path.strip("`").removeprefix("$").replace("[", "/").replace("]", "").replace(".", "/")
        )
        raise ManifestInvalid(detail, pointer="/body" + pointer) from error
