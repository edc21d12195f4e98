"""The officer's page in Debian's Chromium: an officer's day in journeys, what the policy refuses, accessibility, hostile texts, times.

`--rounds 1` takes each journey once and two themes; without it all four themes at both text sizes, and every time five times.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.campaigns import stage
from tests.pages import journeys
from tests.pages.browser import phone
from tests.pages.demo import demo
from tests.pages.hostile import hostile_texts
from tests.pages.screens import accessible, keyboard_alone, scanned
from tests.pages.times import budgets


class Run:
    """What went well and what did not, each by its name and its seconds."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.done = 0

    def __call__(self, act: Callable[[], object], name: str) -> object:
        begun = time.monotonic()
        try:
            found = act()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the others are tried
            self.failed.append(name)
            print(f"  ✘ {name} ({time.monotonic() - begun:.1f} s): {str(error)[:1500]}", flush=True)
            return None
        self.done += 1
        print(
            f"  ✔ {name} ({time.monotonic() - begun:.1f} s){'' if found is None else f': {found}'}",
            flush=True,
        )
        return found


def officers_day(run: Run, player, demo_, folder: Path, *, small: bool) -> dict[str, object]:
    """From a link in the morning to signing out in the evening."""
    mine = folder / "phone"
    with phone(player, mine) as one:
        run(lambda: journeys.signs_on_and_checks(one, demo_), "signs on and checks")
        run(lambda: journeys.a_link_works_once(player, demo_, folder), "a link works once")
        run(lambda: journeys.another_text_hides_the_former(one), "another text hides the former")
        run(lambda: accessible(one, demo_.address, small=small), "accessible on every screen")
        run(lambda: keyboard_alone(one, demo_.address), "keyboard alone")
        run(lambda: hostile_texts(one, demo_.address), "300 hostile texts")
        seen = (
            run(lambda: budgets(one, demo_.address, turns=1 if small else 5), "times and sizes")
            or {}
        )
        run(lambda: journeys.reads_without_a_network(one), "reads without a network")
        run(lambda: journeys.begins_a_record(one), "begins a record in a cellar")
        complaints, violations = one.complaints, one.violations()
    record = run(lambda: journeys.sends_it_once(player, demo_, mine), "sends it once, days later")
    run(
        lambda: journeys.the_second_officer_confirms(player, demo_, folder / "second", str(record)),
        "the second officer confirms",
    )
    run(
        lambda: journeys.another_person_sees_nothing(player, demo_, mine),
        "another person sees nothing",
    )
    run(
        lambda: journeys.signing_out_leaves_nothing(player, demo_, mine),
        "signing out leaves nothing",
    )
    run(lambda: scanned(player, demo_, folder / "scan"), "scans from a camera")
    for row in [*complaints, *violations][:5]:
        print(f"  the page complains: {row}")
    return {
        "complaints": len(complaints),
        "violations": len(violations),
        **(seen if isinstance(seen, dict) else {}),
    }


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="1: each journey once, two themes")
    arguments = parser.parse_args()
    if shutil.which("chromium") is None:
        sys.stderr.write("Install Debian's chromium first: apt-get install chromium\n")
        return 2
    run = Run()
    with (
        tempfile.TemporaryDirectory(prefix="ovpages") as text,
        demo(Path(text)) as demo_,
        sync_playwright() as player,
    ):
        seen = officers_day(run, player, demo_, Path(text), small=arguments.rounds == 1)
    fine = not run.failed and not seen["complaints"] and not seen["violations"]
    return stage.verdict("browser", fine, journeys=run.done, failed=len(run.failed), **seen)


if __name__ == "__main__":
    sys.exit(main())
