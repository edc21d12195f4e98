"""The operator changes the deployment's secret: nobody is asked to give credentials again."""

import os
import subprocess
import sys

from tests.fixtures.gateway import SECRET, running

NEW = "another-secret-of-the-tests-with-forty-characters"
BUSINESS = "91500103MAEYYY1167"


async def reason_of_customs(gateway):
    response = await gateway.inspector.get(f"/v1/profiles/{BUSINESS}", params={"purpose": "patrol"})
    return (response.json()["sections"]["customs"].get("reason") or {}).get("code")


def reseal(url, jwks_file, **secrets):
    environment = {
        **os.environ,
        "ONEVISIT_DATABASE_URL": url,
        "ONEVISIT_PRINCIPALS": "claims",
        "ONEVISIT_ISSUER": "i",
        "ONEVISIT_AUDIENCE": "a",
        "ONEVISIT_JWKS_FILE": str(jwks_file),
        **{f"ONEVISIT_{name.upper()}": value for name, value in secrets.items()},
    }
    command = [sys.executable, "-m", "app.cli.run", "keys", "reseal"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


async def test_a_new_secret_after_reseal_opens_everything(
    published_url, departments, settings_for, issuer, jwks_file
):
    async with running(settings_for(published_url, secret_key=NEW), issuer) as gateway:
        assert await reason_of_customs(gateway) == "credentials_unreadable"
        operation = await gateway.examine("customs")
        assert operation["result"]["passed"] is False
        assert "credentials_unreadable" in str(operation["result"]["report"])
    both = settings_for(published_url, secret_key=NEW, previous_secret_key=SECRET)
    async with running(both, issuer) as gateway:
        assert await reason_of_customs(gateway) is None
    status, said = reseal(published_url, jwks_file, secret_key=NEW)
    assert status == 1
    assert "customs@1, public_security@1, tax@1" in said
    assert reseal(published_url, jwks_file, secret_key=NEW, previous_secret_key=SECRET) == (
        0,
        "3 sealed anew, 0 were sealed with the newest key already\n",
    )
    status, said = reseal(published_url, jwks_file, secret_key=NEW)
    assert (status, said) == (0, "0 sealed anew, 3 were sealed with the newest key already\n")
    async with running(settings_for(published_url, secret_key=NEW), issuer) as gateway:
        assert await reason_of_customs(gateway) is None
