"""A newcomer's first hour: the demo as it is printed, and the fourteenth department as the page says."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest

from app.core.schema import expected_revision
from tests.fixtures.demo import COMMAND, ROOT, demo, wait_until_up
from tests.fixtures.ports import free_ports


def test_the_demo_shows_both_profiles_and_ends(tmp_path):
    with demo(tmp_path, "--once") as (process, _, _):
        shown, _ = process.communicate(timeout=90)
    assert process.returncode == 0, shown
    assert "13/13 verified, reviewed, published" in shown
    first, second = re.findall(
        r"(\d+) ms in all, slowest department (\d+) ms, (\d+) of 13 answered", shown
    )
    assert (first[2], second[2]) == ("13", "10")
    assert "receipt FIRE-" in shown
    assert "receipt FOOD-" in shown
    assert re.search(r"registered\? YES +taxes on time\? NO +fire permit\? YES", shown)
    assert "fire permit? UNKNOWN (last known: yes)" in shown
    assert len(re.findall(r"^  missing ", shown, re.MULTILINE)) == 3
    assert "tax/overdue_filing_count: withhold (agreement_missing)" in shown
    assert "The three parties sign an agreement on this section" in shown
    assert "tax/overdue_filing_count: 1" in shown
    assert int(re.search(r"is gone (\d+) ms later", shown)[1]) < 1000
    assert "curl" not in shown, "what stops invites nobody"
    assert not (tmp_path / ".demo/gateway.log").read_text().count("Traceback")


@pytest.mark.parametrize("taken", [0, 3])
def test_a_busy_port_is_one_clear_sentence(tmp_path, taken):
    first = free_ports(16)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first + taken))
        squatter.listen()
        done = subprocess.run(
            [
                *COMMAND,
                "demo",
                "--once",
                "--port",
                str(first),
                "--departments-port",
                str(first + 1),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "try:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def blocks(path):
    """Fenced blocks of a page as (language, file name, text)."""
    return re.findall(r"```(\w+) ?(\S*)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def test_a_fourteenth_department_by_configuration_alone(tmp_path):
    port = free_ports()
    page = blocks(ROOT / "docs/add-a-department.md")
    in_chinese = blocks(ROOT / "docs/add-a-department.zh-CN.md")
    assert in_chinese == page, "both pages have the same commands and files, letter by letter"
    for _, name, text in page:
        if name:
            (tmp_path / name).write_text(
                text.replace("127.0.0.1:9200", f"127.0.0.1:{port}"), encoding="utf-8"
            )
    culture = subprocess.Popen(
        [sys.executable, "culture_server.py"],
        cwd=tmp_path,
        env={**os.environ, "CULTURE_PORT": str(port)},
    )
    try:
        with demo(tmp_path) as (process, environment, gateway_port):
            wait_until_up(process, gateway_port)
            outputs = []
            for _, _, text in (b for b in page if b[0] == "bash"):
                command = text.replace(".venv/bin/onevisit", " ".join(COMMAND)).replace(
                    "127.0.0.1:8000", f"127.0.0.1:{gateway_port}"
                )
                done = subprocess.run(
                    ["bash", "-euc", command],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                assert done.returncode == 0, (command, done.stdout, done.stderr)
                outputs.append(done.stdout)
            profile = json.loads(next(o for o in outputs if o.startswith('{"business"')))
            assert profile["completeness"]["asked"] == 14
            assert (
                profile["sections"]["culture"]["data"]["permits"][0]["permit_no"]
                == "沪文经〔2024〕1号"
            )
            assert "✔ 样例主体有返回" in "".join(outputs)
            refusals(tmp_path, environment)
    finally:
        culture.terminate()
        culture.wait(timeout=10)


def refusals(folder, environment):
    """What a newcomer does wrong is answered in words, never by a traceback."""
    (folder / "broken.json").write_text("{", encoding="utf-8")
    (folder / "odd.json").write_text('{"adapter_id": "culture"}', encoding="utf-8")
    (folder / "wrong.token").write_text("rubbish", encoding="utf-8")
    department = ["--token-file", ".demo/department.token"]
    attempts = [
        (["adapter", "register", "broken.json", *department], "cannot be read as JSON"),
        (["adapter", "register", "missing.json", *department], "cannot be read as JSON"),
        (["adapter", "register", "odd.json", *department], "接入配置"),
        (["adapter", "approve", "culture", *department], "权限"),
        (["adapter", "show", "nothing", *department], "没有这个接入"),
        (["adapter", "list", "--token-file", "wrong.token"], "登录凭证"),
        (["adapter", "list"], "No token"),
        (["adapter", "list", "--gateway", "http://127.0.0.1:9", *department], "does not answer"),
        (["adapter", "credentials", "culture", "odd.json", *department], "要求"),
    ]
    for arguments, words in attempts:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.returncode, words in done.stderr) == (1, True), (arguments, done.stderr)
        assert "Traceback" not in done.stderr
    failing = json.loads((folder / "culture.json").read_text(encoding="utf-8")) | {
        "base_url": "http://127.0.0.1:9"
    }
    (folder / "failing.json").write_text(json.dumps(failing), encoding="utf-8")
    for arguments in (
        ["adapter", "register", "failing.json"],
        ["adapter", "verify", "culture", "--case", "answers_sample"],
    ):
        done = subprocess.run(
            [*COMMAND, *arguments, *department],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "✗" in done.stdout
    assert "connect_failed" in done.stdout


class TestOperator:
    def run(self, folder, *arguments, **environment):
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_tokens_alone_are_believed_on_this_machine_only(self, tmp_path):
        (tmp_path / "jwks.json").write_text('{"keys": []}')
        settings = {
            "ONEVISIT_DATABASE_URL": "sqlite:///x.db", "ONEVISIT_SECRET_KEY": "x" * 40, "ONEVISIT_ISSUER": "i",
            "ONEVISIT_AUDIENCE": "a", "ONEVISIT_JWKS_FILE": "jwks.json", "ONEVISIT_PRINCIPALS": "claims",
        }  # fmt: skip
        done = self.run(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0", **settings)
        assert (done.returncode, "loopback" in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr

    def test_an_unconfigured_start_is_refused_in_one_sentence(self, tmp_path):
        done = self.run(tmp_path, "serve")
        assert (
            done.returncode,
            "ONEVISIT_SECRET_KEY" in done.stderr,
            "Traceback" in done.stderr,
        ) == (2, True, False)

    def test_migrate_doctor_and_a_database_that_is_behind(self, tmp_path):
        url = {"ONEVISIT_DATABASE_URL": "sqlite:///onevisit.db"}
        complete = {
            **url,
            "ONEVISIT_SECRET_KEY": "x" * 40,
            "ONEVISIT_PRINCIPALS": "claims",
            "ONEVISIT_ISSUER": "i",
            "ONEVISIT_AUDIENCE": "a",
            "ONEVISIT_JWKS_FILE": "none.json",
        }
        behind = self.run(tmp_path, "serve", "--port", str(free_ports()), **complete)
        assert (behind.returncode, "onevisit migrate" in behind.stderr) == (2, True)
        assert f"revision {expected_revision()}" in self.run(tmp_path, "migrate", **url).stdout
        kept = self.run(tmp_path, "migrate", "--revision", "0009", **url)
        assert (kept.returncode, "--yes-delete" in kept.stderr) == (2, True)
        assert "Set ONEVISIT_DATABASE_URL" in self.run(tmp_path, "migrate").stderr
        self.examined(tmp_path, complete)
        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", 0))
            squatter.listen()
            taken = self.run(
                tmp_path, "serve", "--port", str(squatter.getsockname()[1]), **complete
            )
        assert (taken.returncode, "is taken" in taken.stderr) == (2, True)

    def examined(self, folder, complete):
        """What `doctor` says of a complete set-up, and of one with much amiss."""
        (folder / "none.json").write_text('{"keys": []}')
        empty = self.run(folder, "doctor", **complete)
        assert (empty.returncode, "Without a key nobody is let in" in empty.stdout) == (1, True)
        (folder / "none.json").write_text('{"keys": [{"kty": "OKP"}]}')
        fine = self.run(folder, "doctor", **complete)
        assert (fine.returncode, fine.stdout.splitlines()[-1]) == (0, "Ready to serve."), (
            fine.stdout
        )
        for amiss in (
            {"ONEVISIT_DEADLINE_MS": "soon"},
            {"ONEVISIT_SECRET_KEY": "", "ONEVISIT_JWKS_FILE": "nowhere.json"},
            {"ONEVISIT_DATABASE_URL": "postgresql+psycopg://u:p@127.0.0.1:1/x"},
            {"ONEVISIT_DATABASE_URL": "rubbish"},
        ):
            told = self.run(folder, "doctor", **{**complete, **amiss})
            assert (told.returncode, "✘" in told.stdout, "Traceback" in told.stderr) == (
                1,
                True,
                False,
            )
        assert (
            "ONEVISIT_DEADLINE_MS"
            in self.run(folder, "doctor", **complete, ONEVISIT_DEADLINE="1").stdout
        )

    def test_the_contracts_are_checked_and_written(self, tmp_path):
        assert "no drift" in self.run(ROOT, "openapi", "check").stdout
        assert "written" in self.run(ROOT, "openapi", "write").stdout


def test_the_mock_departments_server_refuses_taken_ports_in_words(tmp_path):
    first = free_ports(16)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first + 2))
        squatter.listen()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "adapters.fakes.server",
                "--port",
                str(first),
                "--businesses",
                "1",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, "must be free" in done.stderr) == (1, True)
