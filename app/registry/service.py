"""Use cases of the department's side: register, update, verify, submit, review, suspend, retire.
Callers commit.
"""

from typing import Any

import msgspec
from sqlmodel import Session

from adapters.contract import Manifest
from app.audit.events import EventName
from app.core.rules import rule
from app.core.snapshots import bump
from app.operations import service as operations
from app.operations.schemas import OperationRead
from app.registry import repository, vault
from app.registry.desk import Desk
from app.registry.errors import (
    AdapterExists,
    AdapterForeign,
    AdapterUnknown,
    CredentialsInvalid,
    FourEyes,
    HeldByCoordinator,
    NotVerified,
    SectionTaken,
    TransitionRefused,
)
from app.registry.lifecycle import Action, State, step
from app.registry.loader import (
    NEEDED_SECRETS,
    checked,
    refuse_foreign,
    refuse_foreign_section,
)
from app.registry.models import Adapter, AdapterCredentials, AdapterVersion
from app.registry.offices import EVERYWHERE
from app.registry.schemas import (
    AdapterRead,
    CredentialsRead,
    CredentialsWrite,
)
from app.registry.telling import tell_suspended
from auth.principal import Principal, Role
from auth.scope import scope_of

SNAPSHOT_NAME = "adapters"
EXAMINATION, ONE_CASE = "adapter.verify", "adapter.verify_case"
"""Kinds of operations: the whole suite, or one case again."""
WHOLE = 100
"""Percent."""
_SERVICE_EVENTS = {
    Action.SUSPEND: EventName.ADAPTER_SUSPENDED,
    Action.RESUME: EventName.ADAPTER_RESUMED,
    Action.RETIRE: EventName.ADAPTER_RETIRED,
}


def register(desk: Desk, document: Any) -> AdapterRead:
    """Register a new adapter. Raises `ManifestInvalid`, `AdapterForeign`, `AdapterExists`, and
    `SectionTaken` where another one serves this section, region and axis.
    """
    manifest = checked(desk.principal, desk.workshop, document)
    if repository.find(desk.session, manifest.adapter_id) is not None:
        raise AdapterExists(pointer="/body/adapter_id")
    now = desk.trail.clock.now()
    adapter = Adapter(
        id=manifest.adapter_id,
        department=manifest.department,
        section=manifest.section,
        region=manifest.region,
        axis=manifest.axis,
        state=State.REGISTERED,
        created_at=now,
        updated_at=now,
    )
    _refuse_taken(desk, manifest)
    repository.add(desk.session, adapter)
    _add_version(desk, adapter, manifest)
    desk.record(EventName.ADAPTER_REGISTERED, adapter, departments=(adapter.department,))
    return _read(desk.session, adapter)


def update(desk: Desk, adapter_id: str, document: Any) -> AdapterRead:
    """Register a new version; the published one stays callable until the new one is published."""
    adapter = _own(desk, adapter_id)
    manifest = checked(desk.principal, desk.workshop, document)
    if (manifest.adapter_id, manifest.department, manifest.section) != (
        adapter_id,
        adapter.department,
        adapter.section,
    ):
        raise AdapterForeign("An update keeps the adapter's id, department and section.")
    _move(desk, adapter, Action.UPDATE)
    _place(desk, adapter, manifest)
    adapter.version += 1
    adapter.submitted_by = adapter.reviewed_by = None
    _add_version(desk, adapter, manifest)
    _carry_credentials(desk, adapter, manifest)
    desk.record(EventName.ADAPTER_UPDATED, adapter)
    return _read(desk.session, adapter)


def store_credentials(desk: Desk, adapter_id: str, given: CredentialsWrite) -> CredentialsRead:
    """Store credentials of the newest version, encrypted and bound to its address and auth kind.

    Raises `CredentialsInvalid` if they do not fit the auth kind. The published version gets them
    too if it asks the same address in the same way, else it keeps its own.
    """
    adapter = _own(desk, adapter_id)
    manifest = _manifest(desk.session, adapter)
    values = given.model_dump(exclude_none=True)
    needed = NEEDED_SECRETS[manifest.auth.kind]
    if set(values) != needed:
        raise CredentialsInvalid(
            f"Auth kind {manifest.auth.kind} needs {', '.join(sorted(needed)) or 'nothing'}."
        )
    now = desk.trail.clock.now()
    sealed = vault.seal(desk.trail.keys, manifest, values)
    versions = {adapter.version, adapter.published_version, adapter.candidate_version}
    for number in (n for n in versions if n is not None):
        # The published version asks the same system if its address and auth kind are the same: it
        # gets the new secret too.
        shape = msgspec.convert(
            repository.version(desk.session, adapter_id, number).manifest, Manifest
        )
        if vault.opens(desk.trail.keys, shape, sealed):
            row = AdapterCredentials(
                adapter_id=adapter_id, version=number, sealed=sealed, updated_at=now
            )
            repository.put_credentials(desk.session, row)
    bump(desk.session, SNAPSHOT_NAME)
    desk.record(EventName.ADAPTER_CREDENTIALS_STORED, adapter)
    return CredentialsRead(stored=sorted(values), updated_at=now)


def request_examination(desk: Desk, adapter_id: str, only_case: str | None) -> OperationRead:
    """Ask for a conformance run; the background carries it out."""
    adapter = _own(desk, adapter_id)
    if adapter.state == State.RETIRED:
        raise TransitionRefused("A retired adapter is not examined.")
    desk.record(EventName.ADAPTER_EXAMINATION_REQUESTED, adapter)
    return operations.request(
        desk.session,
        desk.trail,
        desk.principal,
        kind=EXAMINATION if only_case is None else ONE_CASE,
        key=f"{adapter_id}@{adapter.version}",
        department=adapter.department,
        region=adapter.region,
        parameters={"adapter_id": adapter_id, "version": adapter.version, "case": only_case},
    )


def submit(desk: Desk, adapter_id: str) -> AdapterRead:
    """Hand the newest version in for review. Raises `NotVerified` unless its newest full
    examination passed.
    """
    adapter = _own(desk, adapter_id)
    result = operations.latest_result(
        desk.session, kind=EXAMINATION, key=f"{adapter_id}@{adapter.version}"
    )
    if result is None or not result["passed"]:
        raise NotVerified
    _move(desk, adapter, Action.SUBMIT)
    adapter.submitted_by = desk.principal.subject
    desk.record(EventName.ADAPTER_SUBMITTED, adapter)
    return _read(desk.session, adapter)


@rule("D-04", without=False)
def is_own_work(subject: str, author: str, submitter: str | None) -> bool:
    """Whether somebody would review what he himself registered or handed in."""
    return subject in {author, submitter}


def review(
    desk: Desk, adapter_id: str, action: Action, note: str | None = None, share: int = WHOLE
) -> AdapterRead:
    """Approve (publish) or reject; never by the person who registered or submitted it (D-04).

    `share` below 100 publishes beside the version in service, for that percentage of businesses.
    """
    adapter = _own(desk, adapter_id)
    author = repository.version(desk.session, adapter_id, adapter.version).created_by
    if is_own_work(desk.principal.subject, author, adapter.submitted_by):
        raise FourEyes
    if action is Action.APPROVE:
        manifest = _manifest(desk.session, adapter)
        refuse_foreign_section(manifest)
        refuse_foreign(desk.principal, manifest.department, manifest.region)
        if share < WHOLE:
            _refuse_share(adapter, manifest)
        _place(desk, adapter, manifest, now=share == WHOLE)
    _move(desk, adapter, action)
    adapter.reviewed_by, adapter.note = desk.principal.subject, note
    if action is Action.APPROVE:
        _serve(adapter, adapter.version, share)
        bump(desk.session, SNAPSHOT_NAME)
    approved = action is Action.APPROVE
    event = EventName.ADAPTER_PUBLISHED if approved else EventName.ADAPTER_REJECTED
    desk.record(event, adapter, note)
    return _read(desk.session, adapter)


def change_share(desk: Desk, adapter_id: str, share: int) -> AdapterRead:
    """Give the candidate version more businesses or fewer: 0 ends it, 100 makes it the version in
    service. Effective for every gateway process within a second.
    """
    adapter = _own(desk, adapter_id)
    candidate = adapter.candidate_version
    if candidate is None:
        raise TransitionRefused("There is no candidate version.")
    if adapter.held and Role.COORDINATOR not in desk.principal.roles:
        raise HeldByCoordinator
    if adapter.suspended and share > 0:
        raise TransitionRefused("The adapter is suspended: resume it first.")
    if share == WHOLE:
        row = repository.version(desk.session, adapter_id, candidate)
        _place(desk, adapter, msgspec.convert(row.manifest, Manifest), now=True)
    _serve(adapter, candidate, share)
    bump(desk.session, SNAPSHOT_NAME)
    desk.record(EventName.ADAPTER_SHARE_CHANGED, adapter, outcome=str(share))
    return _read(desk.session, adapter)


def _refuse_share(adapter: Adapter, manifest: Manifest) -> None:
    """A candidate serves beside the version in service, and in its place."""
    if adapter.published_version is None or adapter.suspended:
        raise TransitionRefused("A share needs a version in service beside it.")
    place = (adapter.region or EVERYWHERE, adapter.axis)
    if (manifest.region, manifest.axis) != place:
        raise TransitionRefused(
            f"The version in service serves {place[0]} ({place[1]}): a candidate serves the same."
        )


def _serve(adapter: Adapter, number: int, share: int) -> None:
    """Let a version serve a percentage of businesses."""
    if share == WHOLE:
        adapter.published_version, adapter.suspended = number, False
    adapter.candidate_version = number if 0 < share < WHOLE else None
    adapter.candidate_share = share if adapter.candidate_version else 0


def _place(desk: Desk, adapter: Adapter, manifest: Manifest, *, now: bool = False) -> None:
    """The place a version declares; an adapter in service moves there only when it is published.

    Raises `SectionTaken`.
    """
    _refuse_taken(desk, manifest)
    if now or adapter.published_version is None:
        adapter.region, adapter.axis = manifest.region, manifest.axis


def _refuse_taken(desk: Desk, manifest: Manifest) -> None:
    holder = repository.section_holder(desk.session, manifest)
    if holder is not None:
        place = f"{manifest.section} in {manifest.region} ({manifest.axis})"
        raise SectionTaken(f"{holder} serves {place}.")


def change_service(desk: Desk, adapter_id: str, action: Action, note: str) -> AdapterRead:
    """Suspend, resume or retire; effective for every gateway process within a second."""
    adapter = _own(desk, adapter_id)
    by_coordinator = Role.COORDINATOR in desk.principal.roles
    if action is Action.RESUME and adapter.held and not by_coordinator:
        raise HeldByCoordinator
    revised = adapter.published_version is not None and adapter.state not in {
        State.PUBLISHED,
        State.SUSPENDED,
    }
    # With a newer version under way the adapter's state is that one's, not the service's.
    if revised and action is not Action.RETIRE:
        if adapter.suspended == (action is Action.SUSPEND):
            negation = "" if adapter.suspended else "not "
            raise TransitionRefused(
                f"{action} is not possible: the published version is {negation}suspended."
            )
    else:
        _move(desk, adapter, action)
    adapter.note = note
    adapter.suspended = action is Action.SUSPEND
    adapter.held = adapter.suspended and by_coordinator
    if action is Action.RETIRE:
        adapter.published_version = adapter.candidate_version = None
        repository.drop_credentials(desk.session, adapter_id)
    if action is Action.SUSPEND:
        tell_suspended(desk.session, desk.trail.clock.now(), adapter)
    bump(desk.session, SNAPSHOT_NAME)
    desk.record(_SERVICE_EVENTS[action], adapter, note)
    return _read(desk.session, adapter)


def read_adapter(session: Session, principal: Principal, adapter_id: str) -> AdapterRead:
    """One adapter. Raises `AdapterUnknown`, also for one the caller may not see."""
    return _read(session, seen(session, principal, adapter_id))


def seen(session: Session, principal: Principal, adapter_id: str) -> Adapter:
    """One that the caller may look at. Raises as `read_adapter`."""
    adapter = repository.find(session, adapter_id)
    if adapter is None or not _is_within(principal, adapter):
        raise AdapterUnknown
    return adapter


def list_adapters(session: Session, principal: Principal) -> list[AdapterRead]:
    """Adapters within the caller's region and department."""
    found = repository.list_adapters(session, scope_of(principal))
    return [_told(*each) for each in found]


def _own(desk: Desk, adapter_id: str) -> Adapter:
    """One that the caller may act on; that there is another one of that id is told to nobody."""
    adapter = repository.find(desk.session, adapter_id, lock=True)
    if adapter is None or not _is_within(desk.principal, adapter):
        raise AdapterUnknown
    return adapter


def _is_within(principal: Principal, adapter: Adapter) -> bool:
    return scope_of(principal).covers(adapter.region, adapter.department)


def _move(desk: Desk, adapter: Adapter, action: Action) -> None:
    state = step(State(adapter.state), action)
    if state is None:
        raise TransitionRefused(f"{action} is not possible while the adapter is {adapter.state}.")
    adapter.state, adapter.updated_at = state, desk.trail.clock.now()


def _add_version(desk: Desk, adapter: Adapter, manifest: Manifest) -> None:
    row = AdapterVersion(
        adapter_id=adapter.id,
        version=adapter.version,
        manifest=msgspec.to_builtins(manifest),
        created_by=desk.principal.subject,
        created_at=desk.trail.clock.now(),
    )
    repository.add(desk.session, row)


def _carry_credentials(desk: Desk, adapter: Adapter, manifest: Manifest) -> None:
    """A new version at the same address with the same auth kind keeps the credentials; any other
    needs its own.
    """
    before = repository.credentials(desk.session, adapter.id, adapter.version - 1)
    if before is not None and vault.opens(desk.trail.keys, manifest, before.sealed):
        row = AdapterCredentials(
            adapter_id=adapter.id,
            version=adapter.version,
            sealed=before.sealed,
            updated_at=before.updated_at,
        )
        repository.put_credentials(desk.session, row)


def _manifest(session: Session, adapter: Adapter) -> Manifest:
    return msgspec.convert(
        repository.version(session, adapter.id, adapter.version).manifest, Manifest
    )


def _read(session: Session, adapter: Adapter) -> AdapterRead:
    newest = repository.version(session, adapter.id, adapter.version)
    stored = repository.credentials(session, adapter.id, adapter.version)
    return _told(adapter, newest, stored is not None)


def _told(adapter: Adapter, newest: AdapterVersion, has_credentials: bool) -> AdapterRead:
    return AdapterRead(
        **adapter.model_dump(exclude={"suspended", "held"}),
        callable=adapter.published_version is not None and not adapter.suspended,
        has_credentials=has_credentials,
        manifest=newest.manifest,
    )
