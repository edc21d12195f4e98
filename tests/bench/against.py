"""An older commit beside the working tree: its own checkout and databases, the same departments and
load. A change is judged by the ratio of the two in one run, never by an absolute.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BUILD = """
import json, sys
from pathlib import Path
from auth.testing import LocalIssuer
from tests.bench import worldly
folder, issuer = Path(sys.argv[1]), LocalIssuer()
(folder / "jwks.json").write_text(json.dumps(issuer.jwks), encoding="utf-8")
for count, delay in json.loads(sys.argv[2]):
    print(worldly.database(folder, issuer, count, delay, native=False))
"""


@contextmanager
def checkout(folder: Path, ref: str) -> Iterator[Path]:
    """The tree of a commit, taken away again when the block is left. Exits where git has none."""
    tree = folder / "against"
    _git("worktree", "remove", "--force", str(tree), check=False)
    done = _git("worktree", "add", "--detach", str(tree), ref, check=False)
    if done.returncode:
        raise SystemExit(f"{ref} is no commit to compare with: {done.stderr.strip()}")
    try:
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree), check=False)


def databases(
    folder: Path, tree: Path, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], str]:
    """URLs of databases that the older commit itself made, by departments and their delay."""
    own = folder / "against-databases"
    own.mkdir(exist_ok=True)
    pairs = sorted(wanted)
    command = [sys.executable, "-c", _BUILD, str(own.resolve()), json.dumps(pairs)]
    told = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout
    return dict(zip(pairs, told.split(), strict=True))


def _git(*arguments: str, check: bool) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=check, capture_output=True, text=True
    )
