"""Several processes of one start: every scrape agrees with what their client counted, SIGTERM ends them, a failed start says so; and TLS."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from adapters.fakes.tls import Authority
from auth.principal import Role
from auth.testing import AUDIENCE, ISSUER
from tests.fixtures.gateway import SECRET
from tests.fixtures.ports import free_ports

ROOT = Path(__file__).parents[2]
BUSINESS = "91310115MA1YYY024Y"


def command(port, *more):
    return [sys.executable, "-m", "app.cli.run", "serve", "--port", str(port), *more]


def environment(url, jwks_file, **more):
    return {
        **os.environ, "ONEVISIT_DATABASE_URL": url, "ONEVISIT_SECRET_KEY": SECRET, "ONEVISIT_PRINCIPALS": "claims", "ONEVISIT_ISSUER": ISSUER,
        "ONEVISIT_AUDIENCE": AUDIENCE, "ONEVISIT_JWKS_FILE": str(jwks_file), "ONEVISIT_DRAIN_S": "0.5",
        "ONEVISIT_EGRESS_ALLOW": "127.0.0.0/8", "ONEVISIT_EGRESS_ALLOW_HTTP": "true", "ONEVISIT_LOG_FORMAT": "text", **more,
    }  # fmt: skip


@contextlib.contextmanager
def served(url, jwks_file, log, *arguments, trusted=None, **more):
    port = free_ports()
    scheme, trust = (
        ("https", ssl.create_default_context(cafile=trusted)) if trusted else ("http", True)
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            command(port, *arguments), cwd=ROOT, env=environment(url, jwks_file, **more), stdout=out, stderr=out
        )  # fmt: skip
    try:
        until = time.monotonic() + 40
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(
                    f"{scheme}://127.0.0.1:{port}/readyz", trust_env=False, verify=trust
                )
                if answer.is_success:
                    break
            assert time.monotonic() < until, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_any_process_tells_what_all_count_and_sigterm_ends_them(
    published_url, departments, jwks_file, issuer, tmp_path
):
    log = tmp_path / "several.log"
    token = issuer.token("patroller-1", Role.PATROLLER, department="urban_management")
    with served(
        published_url, jwks_file, log, ONEVISIT_WORKERS="3", ONEVISIT_ACCESS_LOG="true"
    ) as (process, port):
        for _ in range(40):  # each on a connection of its own, so that all processes have some
            answer = httpx.get(
                f"http://127.0.0.1:{port}/v1/profiles/{BUSINESS}?purpose=patrol",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=20,
            )
            assert answer.status_code == 200, answer.text
        told, workers = set(), set()
        for _ in range(10):
            text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            pattern = r'onevisit_requests_total\{worker="(\d+)",route="/v1/profiles/\{business_id\}",status="200"\} (\S+)'
            found = re.findall(pattern, text)
            told.add(sum(float(count) for _, count in found))
            workers |= {worker for worker, _ in found}
        assert told == {40.0}
        assert len(workers) > 1
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        assert time.monotonic() - began < 12
    text = log.read_text()
    assert text.count("GET /v1/profiles/{business_id} 200") == 40
    assert BUSINESS not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_start_that_fails_ends_with_a_status_that_says_so(
    published_url, jwks_file, tmp_path, workers
):
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    done = subprocess.run(
        command(free_ports()),
        cwd=ROOT,
        env=environment(published_url, jwks_file, ONEVISIT_WORKERS=workers, ONEVISIT_EGRESS_CA_FILE=str(broken)),
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode not in (0, None), done.stderr


def fingerprint(port):
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=10)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_https_with_a_certificate_that_is_renewed(database_url, jwks_file, tmp_path):
    authority = Authority(tmp_path)
    pair = str(authority.certificate("gateway"))
    log = tmp_path / "tls.log"
    arguments = ("--tls-cert", pair, "--tls-key", pair)
    with served(database_url, jwks_file, log, *arguments, trusted=authority.ca_file) as (_, port):
        first = fingerprint(port)
        authority.certificate("gateway")  # into the same file
        until = time.monotonic() + 20
        while fingerprint(port) == first:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.5)
        trust = ssl.create_default_context(cafile=authority.ca_file)
        answer = httpx.get(f"https://127.0.0.1:{port}/livez", trust_env=False, verify=trust)
        assert answer.headers["strict-transport-security"].startswith("max-age=")
    refused = subprocess.run(
        command(free_ports(), "--tls-cert", str(log), "--tls-key", pair),
        cwd=ROOT,
        env=environment(database_url, jwks_file),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (refused.returncode, "no pair" in refused.stderr) == (2, True)
