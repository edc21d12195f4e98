"""A machine without any identity platform: the first administrator, a code, a token, and a register of people from the command line."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.organisations.importing.table import HEADINGS
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import SECRET
from tests.fixtures.ports import free_ports
from tests.fixtures.processes import ended


@pytest.fixture
def machine(tmp_path):
    port = free_ports()
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    build_empty(url)
    address = f"http://127.0.0.1:{port}"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ONEVISIT_")},
        "ONEVISIT_DATABASE_URL": url,
        "ONEVISIT_SECRET_KEY": SECRET,
        "ONEVISIT_AUDIENCE": "onevisit-gateway",
        "ONEVISIT_PUBLIC_URL": address,
        "ONEVISIT_GATEWAY": address,
    }

    def run(*arguments, status=0, **settings):
        command = [sys.executable, "-m", "app.cli.run", *arguments]
        told = environment | {f"ONEVISIT_{name.upper()}": v for name, v in settings.items()}
        done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    command = [sys.executable, "-m", "app.cli.run", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with ended(process, seconds=20), process.stdout:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                httpx.get(f"{address}/livez", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield run, address


def code_in(said):
    return re.search(r"\b([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})\b", said)[1]


def test_from_nothing_to_somebody_who_signs_on(machine, tmp_path):
    run, address = machine
    files = {}
    for subject, role in (("chen", "system_administrator"), ("li", "security_administrator")):
        said = run("people", "first", "--subject", subject, "--name", "某", "--role", role)
        assert f"{address}/console#/sign-on/" in said
        files[subject] = str(tmp_path / f"{subject}.token")
        run("token", "take", code_in(said), files[subject])
        assert Path(files[subject]).stat().st_mode & 0o777 == 0o600
        again = run("token", "take", code_in(said), str(tmp_path / "x"), status=1)
        assert "auth.code_invalid" in again
        assert not (tmp_path / "x").exists()
    # the second use ended what the first had opened; at the machine there is another code
    told = run("people", "list", "--token-file", files["chen"], status=1)
    assert "auth.signed_out" in told
    time.sleep(1)  # tokens are dated by the second
    again = run(
        "people", "first", "--subject", "chen", "--name", "某", "--role", "system_administrator"
    )
    run("token", "take", code_in(again), files["chen"])
    assert "chen" in run("people", "list", "--token-file", files["chen"])
    imported(run, tmp_path, files["chen"])
    other = run(
        "people",
        "first",
        "--subject",
        "zhao",
        "--name",
        "某",
        "--role",
        "system_administrator",
        status=1,
    )
    assert "role.not_yours_to_give" in other

    told = run("keys", "reseal", status=1, secret_key="another secret of forty characters or so")
    assert "Nothing was changed" in told
    assert "chen" in run("people", "list", "--token-file", files["chen"]), "nobody is signed off"
    told = run(
        "keys", "reseal", "--lost", status=1, secret_key="another secret of forty characters or so"
    )
    assert "they have ended" in told
    told = run("people", "list", "--token-file", files["chen"], status=1)
    assert "auth.unknown_key" in told


def imported(run, tmp_path, token):
    """A list with a bad line, mended, taken over and back."""
    people = tmp_path / "people.csv"
    headings = ",".join(HEADINGS)
    people.write_text(
        f"{headings}\n王芳,administration-000000,,,,\n李四,,,,,\n", encoding="gb18030"
    )
    told = run("people", "import", str(people), "--token-file", token, status=1)
    assert "3 unit: " in told
    assert "This is required" in told
    people.write_text(f"{headings}\n王芳,administration-000000,,,,\n", encoding="gb18030")
    done = run("people", "import", str(people), "--yes", "--token-file", token)
    assert "王芳" in run("people", "list", "--token-file", token)
    assert "1" in run("people", "undo-import", done.split()[-1], "--token-file", token)


def test_an_administrator_enrols_a_machine_and_a_key_rotates(machine, tmp_path):
    run, address = machine
    first = run(
        "people", "first", "--subject", "li", "--name", "李", "--role", "security_administrator"
    )
    system = run(
        "people", "first", "--subject", "chen", "--name", "陈", "--role", "system_administrator"
    )
    li, chen = str(tmp_path / "li"), str(tmp_path / "chen")
    run("token", "take", code_in(first), li)
    run("token", "take", code_in(system), chen)
    added = run(
        "people", "add", "王", "administration-000000", "--subject", "wang", "--token-file", chen
    )
    person = added.split()[0]
    run("people", "grant", person, "supervisor", "--token-file", li)
    wang = str(tmp_path / "wang")
    run("token", "take", code_in(run("people", "enrol", person, "--token-file", li)), wang)
    kid = run("keys", "rotate", "--after", "0").split()[0]
    time.sleep(0.6)
    published = httpx.get(f"{address}/.well-known/jwks.json", trust_env=False).json()["keys"]
    assert kid in {key["kid"] for key in published}
    assert len(published) == 2
    run("people", "end-sign-ons", person, "--token-file", li)
    token = (tmp_path / "wang").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{address}/v1/me", headers=headers, trust_env=False)
    assert answer.json()["code"] == "auth.signed_out"
    file = tmp_path / "keys.json"
    file.write_text("[]")
    assert "keys.json" in run("people", "keys", person, str(file), "--token-file", li, status=1)
    file.write_text(json.dumps({"keys": []}))
    assert "no keys" in run("people", "keys", person, str(file), "--token-file", li)
