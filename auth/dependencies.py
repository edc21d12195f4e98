"""The FastAPI edge: `requires(permission)` gives the verified principal or refuses."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from auth.errors import Forbidden, Unauthenticated
from auth.permissions import Permission, allows
from auth.principal import Principal
from auth.tokens import TokenVerifier

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="Access token (at+jwt) of the configured issuer",
)


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Principal:
    """The verified caller. Raises `Unauthenticated`; leaves the principal in the request's state
    for the audit trail.
    """
    if credentials is None:
        raise Unauthenticated("auth.token_missing", "Send an access token: Authorization: Bearer …")
    verifier: TokenVerifier = request.app.state.token_verifier
    principal = (await verifier.verify(credentials.credentials)).principal
    request.state.principal = principal
    return principal


def still_permitted(request: Request, principal: Principal) -> None:
    """Raises `Forbidden` for a caller who has lost a role, or is of another place or certificate,
    since he was let in.
    """
    verifier: TokenVerifier = request.app.state.token_verifier
    now = verifier.still(principal)
    if not now.roles >= principal.roles or _place(now) != _place(principal):
        raise Forbidden("auth.permission_missing", "A role of yours has ended meanwhile.")


def _place(principal: Principal) -> tuple[str | None, ...]:
    return principal.region, principal.department, principal.certificate_no


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


async def signed_on(principal: CurrentPrincipal) -> Principal:
    """The verified caller, whatever roles he has at this moment."""
    return principal


signed_on.permission = Permission.SELF_READ  # type: ignore[attr-defined]  # strangers are none


def requires(permission: Permission) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that gives the principal if one of its roles grants the permission, else raises
    `Forbidden`.
    """

    async def permitted(principal: CurrentPrincipal) -> Principal:
        if not allows(principal, permission):
            raise Forbidden("auth.permission_missing", f"This needs the permission {permission}.")
        return principal

    permitted.permission = permission  # type: ignore[attr-defined]  # the tests walk all routes
    return permitted
