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
    DeclarationError,
    DepartmentAdapter,
    IdentifierError,
    Manifest,
    parse,
)
from adapters.transport.documents import check_structure
from adapters.transport.exchange import Exchange
from adapters.transport.guard import Limits
from adapters.transport.heads import is_own
from adapters.transport.kinds import AdapterKind
from adapters.transport.preview import Preview
from app.catalogue.authority import departments_of, is_told_at, kind_of_section, may_tell
from app.organisations.service import tier_of
from app.registry.errors import (
    AdapterForeign,
    ManifestInvalid,
    SampleInvalid,
    SectionForeign,
    TierForeign,
)
from app.registry.schemas import PreviewRead
from auth.principal import Principal
from auth.scope import scope_of

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
        """A live adapter. Raises `DeclarationError` or `AdapterError` for a declaration that cannot
        work.
        """
        return kind_of(manifest).build(manifest, self.exchange, secrets, self.now)

    def check(self, manifest: Manifest) -> None:
        """Raise `ManifestInvalid` for what can be known before the endpoint is asked."""
        if manifest.kind not in known_kinds():
            raise ManifestInvalid(
                f"There is no adapter kind {manifest.kind}.", pointer="/body/kind"
            )
        for name in ("sample_business_id", "unknown_business_id"):
            try:
                parse(getattr(manifest, name))
            except IdentifierError as error:
                raise ManifestInvalid(error.detail, pointer=f"/body/{name}") from error
        if manifest.auth.kind == "api_key" and is_own(manifest.auth.header):
            raise ManifestInvalid(
                f"{manifest.auth.header} is a header of the gateway's own.", pointer="/body/auth"
            )
        self._check_addresses(manifest)
        try:
            adapter = self.build(manifest, _stand_ins(manifest))
            _check_operations(manifest, adapter)
            kind_of(manifest).check(manifest)
        except DeclarationError as error:
            raise ManifestInvalid(error.detail, pointer=f"/body{error.pointer}") from error
        except AdapterError as error:  # with stand-ins for secrets: what is declared is at fault
            raise ManifestInvalid(error.detail or error.code, pointer="/body/auth") from error

    def _check_addresses(self, manifest: Manifest) -> None:
        places = [("/body/base_url", manifest.base_url)]
        places += [
            (f"/body/replicas/{index}", address) for index, address in enumerate(manifest.replicas)
        ]
        for pointer, address in places:
            try:
                self.exchange.guard.check(address)
            except AdapterError as error:
                raise ManifestInvalid(error.detail, pointer=pointer) from error

    def preview(self, manifest: Manifest, sample: Any) -> Preview:
        """What a pasted sample becomes. Raises `SampleInvalid`; no endpoint is asked."""
        adapter = self.build(manifest, _stand_ins(manifest))
        try:
            check_structure(sample, Limits())
            return kind_of(manifest).preview(adapter, sample)
        except AdapterError as error:
            raise SampleInvalid(error.detail or error.code, pointer="/body/sample") from error


def _check_operations(manifest: Manifest, adapter: DepartmentAdapter) -> None:
    for operation in manifest.operations:
        if not hasattr(adapter, _METHOD_OF[operation]):
            raise DeclarationError(
                "/operations", f"The kind {manifest.kind} offers no {operation}."
            )


def kind_of(manifest: Manifest) -> AdapterKind:
    """What the module of a known kind exports."""
    module = importlib.import_module(f"adapters.departments.{manifest.kind}.adapter")
    return cast("AdapterKind", module.KIND)


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


def preview(principal: Principal, workshop: Workshop, document: Any, sample: Any) -> PreviewRead:
    """What a pasted sample becomes with a mapping, before any endpoint is reachable. Needs no
    transaction, and holds up none.
    """
    manifest = checked(principal, workshop, document)
    return PreviewRead.of(manifest.section, workshop.preview(manifest, sample))


def checked(principal: Principal, workshop: Workshop, document: Any) -> Manifest:
    """A manifest that this caller may register: his department's, in his region, of a section that
    is its to tell. Raises the refusal.
    """
    manifest = read_manifest(document, principal.region)
    refuse_foreign(principal, manifest.department, manifest.region)
    refuse_foreign_section(manifest)
    workshop.check(manifest)
    return manifest


def refuse_foreign(principal: Principal, department: str, region: str) -> None:
    """A manager acts for his department and within his region. Raises `AdapterForeign`."""
    if not scope_of(principal).covers(region, department):
        raise AdapterForeign


def refuse_foreign_section(manifest: Manifest) -> None:
    """Raise `SectionForeign` unless the section is the department's to tell, and `TierForeign`
    unless offices of its tier tell it.
    """
    if not may_tell(manifest.department, manifest.section):
        raise SectionForeign(
            f"{manifest.section} is told by "
            f"{', '.join(sorted(departments_of(manifest.section))) or manifest.section}.",
            pointer="/body/section",
        )
    tier = tier_of(manifest.region)
    if not is_told_at(manifest.section, tier):
        told = ", ".join(sorted(kind_of_section(manifest.section).tiers))
        raise TierForeign(
            f"{manifest.section} is told by offices of: {told}.", pointer="/body/region"
        )
