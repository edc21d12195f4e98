"""What the doors of signing on are given."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from app.core.deps import SettingsDep, Slot
from app.core.settings import Settings
from app.organisations.sign_on.keys import OwnKeys
from app.organisations.sign_on.tokens import OwnIssuer
from auth.tokens import Issuer

OWN_KEYS: Slot[OwnKeys] = Slot("own_keys")
ISSUERS: Slot[list[Issuer]] = Slot("issuers")
"""Whose tokens are accepted."""


async def own_issuer(settings: SettingsDep) -> OwnIssuer:
    """What the gateway's own tokens say."""
    return own_issuer_of(settings)


def own_issuer_of(settings: Settings) -> OwnIssuer:
    """The same, outside of a request."""
    longest = timedelta(seconds=settings.token_life_s)
    return OwnIssuer(settings.keys, settings.public_url, settings.audience or "", longest)


OwnIssuerDep = Annotated[OwnIssuer, Depends(own_issuer)]
