"""What a warm look-up executes is bounded, so that nothing creeps in unseen: the least of many, which no machine moves."""

import subprocess
import sys

MOST, TRIES = 27_900, 3
"""Of six departments. It goes down where somebody makes it cheaper, never up without a reason in the commit."""


def test_a_warm_look_up_stays_within_its_budget():
    found = []
    while len(found) < TRIES and min(found, default=MOST + 1) > MOST:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.bytecodes"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found.append(int(done.stdout.split()[0]))
    assert MOST / 2 < min(found) <= MOST, found
