"""Each rule that a function guards: with the guard off its named test fails, with it on the test passes."""

import argparse
import subprocess
import sys

import app.lifespan  # every room declares its guards  # noqa: F401
from app.catalogue.rules import RuleRow, all_rules
from app.core.rules import GUARDS
from tests.campaigns import stage


def passes(row: RuleRow, *, without: bool) -> bool:
    """Whether the named test passes, on the embedded database."""
    arguments = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.campaigns.without_rule",
        row.test,
        "-k",
        "not postgresql",
    ]
    if without:
        arguments += ["--without-rule", row.name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], capture_output=True, text=True
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.returncode == 0


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="rules; all without it")
    arguments = parser.parse_args()
    guarded = [row for row in all_rules() if row.name in GUARDS]
    tried, wrong = guarded[: arguments.rounds or len(guarded)], []
    for row in tried:
        on, off = passes(row, without=False), passes(row, without=True)
        print(
            f"  {row.name} {row.guard}: with it the test {'passes' if on else 'FAILS'}, without it {'PASSES' if off else 'fails'}"
        )
        if not on or off:
            wrong.append(row.name)
    later = sum(row.mode == "later" for row in all_rules())
    return stage.verdict(
        "rules",
        not wrong,
        guarded=len(tried),
        wrong=len(wrong),
        by_shape=sum(r.mode == "block" for r in all_rules()) - len(guarded),
        later=later,
    )


if __name__ == "__main__":
    sys.exit(main())
