"""What failed in the company of thousands is tried once more, alone.

A test that finds a fault finds it again. One that fails only while the processes of a hundred others hold the machine says something about the machine; it
is named here, so that somebody looks at it. More than three are no accident, and nothing is tried again.

    python -m tests.again FILE
"""

import subprocess
import sys
from pathlib import Path

MOST = 3


def main(path: Path) -> int:
    failed = path.read_text().split("\n") if path.exists() else []
    failed = [each for each in failed if each]
    if not 1 <= len(failed) <= MOST:
        return 1
    print(f"\nTried again, alone: {', '.join(failed)}", flush=True)
    return subprocess.call([sys.executable, "-m", "pytest", "-q", *failed])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
