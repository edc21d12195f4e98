"""Doors to signing on."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from app.audit.deps import TrailDep
from app.core.admission import Priority, takes, takes_form
from app.core.deps import (
    STRANGERS,
    DatabaseDep,
    SessionDep,
    SettingsDep,
    SnapshotsDep,
)
from app.core.problems import problem, trace_id_of
from app.core.transactions import transaction
from app.organisations.desk import PeopleDesk
from app.organisations.routes import PersonPath, desk_for
from app.organisations.schemas import PersonRead
from app.organisations.sign_on import clients, codes, ending
from app.organisations.sign_on.deps import ISSUERS, OWN_KEYS, OwnIssuerDep
from app.organisations.sign_on.forms import FORM, form
from app.organisations.sign_on.keys import OwnKeys
from app.organisations.sign_on.schemas import (
    ClientKeysRead,
    ClientKeysWrite,
    JsonWebKeySet,
    OneTimeCodeRead,
    SignOnRead,
    TokenRead,
)
from auth.dependencies import signed_on
from auth.errors import Unauthenticated
from auth.issuer import ONE_TIME_CODE
from auth.oidc import Logout, issuer_of, verify_logout
from auth.permissions import Permission
from auth.principal import Principal
from auth.tokens import Issuer

router = APIRouter(prefix="/v1", tags=["organisations"])
well_known = APIRouter(tags=["organisations"])

_CLIENT = "client_credentials"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_FORM = 16 << 10
_NOT_KEPT = {"Cache-Control": "no-store"}
_JWKS_SECONDS = 300
SignOnDesk = Annotated[PeopleDesk, desk_for(Permission.SIGN_ON_MANAGE)]
Form = Annotated[dict[str, str] | None, Depends(form)]


class _Grant(NamedTuple):
    """What a form asks a token for: `code` or `assertion`."""

    code: str = ""
    assertion: str = ""


async def _grant(request: Request, given: Form, own: OwnIssuerDep) -> _Grant | Response:
    """What is asked for, or the refusal of what needs no transaction to be refused."""
    form = given or {}
    if not own.is_open:
        return _refused(request, "auth.no_own_tokens", "invalid_request")
    if form.get("grant_type") == ONE_TIME_CODE and form.get("code"):
        return _Grant(code=form["code"])
    if (form.get("grant_type"), form.get("client_assertion_type")) == (_CLIENT, _ASSERTION):
        return _Grant(assertion=form.get("client_assertion", ""))
    return _refused(request, "auth.token_request", "invalid_request")


Granted = Annotated[_Grant | Response, Depends(_grant)]


async def _opened(
    asked: Granted,  # resolved first: a stranger's slow body, or bad one, holds no transaction
    database: DatabaseDep,
    snapshots: SnapshotsDep,
) -> AsyncIterator[Session | None]:
    if isinstance(asked, Response):
        yield None
        return
    async with transaction(database, snapshots) as session:
        yield session


OpenSession = Annotated[Session | None, Depends(_opened, scope="function")]


def _form_of(required: str, **fields: list[str] | None) -> dict[str, Any]:
    """A form for the interface's description: its fields, each with the values it takes, if they
    are few.
    """
    properties = {
        name: {"type": "string"} | ({"enum": given} if given else {})
        for name, given in fields.items()
    }
    schema = {"type": "object", "properties": properties, "required": [required]}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


@router.get("/sign-on")
@takes(Priority.PULL)
async def read_sign_on(settings: SettingsDep) -> SignOnRead:
    """How a page signs on here."""
    has_platform = bool(settings.sign_on_client and settings.issuer)
    return SignOnRead(
        issuer=settings.issuer if has_platform else None,
        client_id=settings.sign_on_client if has_platform else None,
        scopes=list(settings.sign_on_scopes) if has_platform else [],
        codes=bool(settings.public_url),
        complain=settings.complain_at or None,
    )


@router.post(
    "/token",
    response_model=TokenRead,
    openapi_extra=_form_of(
        "grant_type",
        grant_type=[ONE_TIME_CODE, _CLIENT],
        code=None,
        client_assertion_type=[_ASSERTION],
        client_assertion=None,
    ),
)
@takes(Priority.PULL)
@takes_form(_LONGEST_FORM)
def take_token(
    request: Request, asked: Granted, session: OpenSession, trail: TrailDep, own: OwnIssuerDep
) -> Response:
    """A token for a one-time code, or for a machine client's assertion (private_key_jwt, RFC
    7523).
    """
    if isinstance(asked, Response):
        return asked
    assert session is not None  # noqa: S101 - there is one for what is asked
    try:
        if asked.code:
            granted = codes.redeem(session, trail, own, asked.code)
        else:
            granted = clients.admit(session, trail, own, asked.assertion)
    except Unauthenticated as error:
        return _refused(request, error.code, "invalid_client", error.detail)
    if granted is None:  # what it ended is kept: the transaction is not undone
        return _refused(request, "auth.code_invalid", "invalid_grant")
    left = int((granted.expires_at - trail.clock.now()).total_seconds())
    body = TokenRead(access_token=granted.token, expires_in=left).model_dump_json()
    return Response(body, media_type="application/json", headers=_NOT_KEPT)


def _refused(request: Request, code: str, error: str, detail: str = "") -> Response:
    _count_failure(request, code)
    return problem(code, trace_id_of(request), detail, hints={"error": error})


def _count_failure(request: Request, code: str) -> None:
    """Told of in the trail, and counted with bad tokens of the same address. How often it may ask
    at all is bounded in front.
    """
    strangers = STRANGERS.of(request.app)
    strangers.failures.allows(strangers.address(request.scope))
    request.state.cause = code


async def _logout(request: Request, given: Form, settings: SettingsDep) -> tuple[Issuer, Logout]:
    """What the platform says, verified. Raises `AuthError`."""
    text, client = (given or {}).get("logout_token", ""), settings.sign_on_client
    try:
        issuer = _platform(ISSUERS.of(request.app), issuer_of(text))
        return issuer, await verify_logout(
            text, issuer.keys, issuer=issuer.iss, client=client, algorithms=issuer.algorithms
        )
    except Unauthenticated as error:
        _count_failure(request, error.code)
        raise


def _platform(issuers: list[Issuer], told: str) -> Issuer:
    found = next((i for i in issuers if i.iss == told and not i.is_own), None)
    if found is None:
        raise Unauthenticated("auth.assertion_invalid", "It is of no issuer that is known here.")
    return found


async def _of_logout(
    _told: Annotated[tuple[Issuer, Logout], Depends(_logout)],  # resolved first, as above
    database: DatabaseDep,
    snapshots: SnapshotsDep,
) -> AsyncIterator[Session]:
    async with transaction(database, snapshots) as session:
        yield session


LogoutSession = Annotated[Session, Depends(_of_logout, scope="function")]


@router.post("/sign-on/logout", openapi_extra=_form_of("logout_token", logout_token=None))
@takes(Priority.PULL)
@takes_form(_LONGEST_FORM)
def take_logout(
    told: Annotated[tuple[Issuer, Logout], Depends(_logout)],
    session: LogoutSession,
    trail: TrailDep,
    own: OwnIssuerDep,
) -> Response:
    """The identity platform says that somebody signed out there (OpenID Connect Back-Channel
    Logout 1.0).
    """
    ending.end_at_platform(session, trail, own, *told)
    return Response(status_code=HTTPStatus.OK, headers=_NOT_KEPT)


@router.post("/me:sign-out", status_code=HTTPStatus.NO_CONTENT)
@takes(Priority.RECORD)
def sign_out(
    session: SessionDep,
    trail: TrailDep,
    own: OwnIssuerDep,
    request: Request,
    principal: Annotated[Principal, Depends(signed_on)],
) -> None:
    """End your sign-on, for every process within a second; whoever has no role any more can too."""
    ending.sign_out(session, trail, own, principal, request.state.expires_at)


@router.post("/people/{person_id}:enrol", status_code=HTTPStatus.CREATED)
@takes(Priority.RECORD)
def give_code(
    person_id: PersonPath, desk: SignOnDesk, own: OwnIssuerDep, response: Response
) -> OneTimeCodeRead:
    """Give somebody a one-time code to sign on with: for five minutes, once, told now and never
    again.
    """
    response.headers.update(_NOT_KEPT)
    return codes.give_code(desk, own, person_id)


@router.put("/people/{person_id}/keys")
@takes(Priority.RECORD)
def change_keys(person_id: PersonPath, given: ClientKeysWrite, desk: SignOnDesk) -> ClientKeysRead:
    """Set the public keys by which a machine client signs on."""
    return clients.change_keys(desk, person_id, given.keys)


@router.post("/people/{person_id}:end-sign-ons")
@takes(Priority.RECORD)
def end_sign_ons(person_id: PersonPath, desk: SignOnDesk, own: OwnIssuerDep) -> PersonRead:
    """End all sign-ons of somebody, where a phone was lost: he may sign on anew."""
    return ending.end_of_person(desk, own, person_id)


@well_known.get("/.well-known/jwks.json")
@takes(Priority.PULL)
async def read_own_keys(
    keys: Annotated[OwnKeys, Depends(OWN_KEYS)], response: Response
) -> JsonWebKeySet:
    """Public keys of the gateway's own tokens; the next one is here before it signs."""
    response.headers["Cache-Control"] = f"public, max-age={_JWKS_SECONDS}"
    return JsonWebKeySet(keys=keys.published)
