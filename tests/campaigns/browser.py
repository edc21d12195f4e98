"""The pages in Debian's Chromium: an officer's day and a desk's in journeys, what the policy refuses, accessibility, hostile texts, times.

`--rounds 1` takes each journey once and two themes; without it all four themes at both text sizes, and every time five times.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from tests.campaigns import stage
from tests.pages import console, console_screens, deploy, journeys, oddities
from tests.pages.browser import Phone, phone
from tests.pages.demo import Demo, demo
from tests.pages.hostile import hostile_texts
from tests.pages.screens import accessible, keyboard_alone, scanned
from tests.pages.times import budgets, first_visits


class Run:
    """What went well and what did not, each by its name and its seconds."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.done = 0

    def __call__(self, act: Callable[[], Any], name: str) -> Any:
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


def online(
    run: Run, player: Playwright, one: Phone, demo_: Demo, folder: Path, *, small: bool
) -> dict[str, Any]:
    """A morning with a network, on one phone; the figures."""
    address = demo_.address
    run(lambda: journeys.signs_on_and_checks(one, demo_), "signs on and checks")
    run(lambda: journeys.a_link_works_once(player, demo_, folder), "a link works once")
    run(lambda: journeys.another_text_hides_the_former(one), "another text hides the former")
    run(lambda: accessible(one, address, small=small), "accessible on every screen")
    run(lambda: keyboard_alone(one, address), "keyboard alone")
    run(lambda: hostile_texts(one, address), "300 hostile texts")
    run(lambda: oddities.a_full_disk_is_said(one, address), "a full disk is said")
    run(lambda: oddities.a_pin_is_asked_for(one, address), "a PIN is asked for")
    run(lambda: oddities.drafts_go_when_asked_twice(one, address), "drafts go when asked twice")
    seen = run(lambda: budgets(one, address, turns=1 if small else 5), "times and sizes") or {}
    # From here on the page's clock is played: nothing is measured any more.
    run(lambda: oddities.a_clock_of_last_year(one, address), "a clock of last year")
    return seen


def at_the_desk(run: Run, player: Playwright, demo_: Demo, folder: Path, *, small: bool) -> None:
    """What departments, leaders, supervisors and auditors do at the console; each is its own judge of complaints."""
    for act, name in (
        (console.one_who_may_not, "desk: who may not is told why"),
        (console.takes_what_is_shown, "desk: takes exactly what is shown"),
        (console.assigns, "desk: approves, reviews, assigns, reassigns"),
        (console.brings_a_system_in, "desk: from nothing to published"),
        (console.three_parties_sign, "desk: three parties sign, a field is gone"),
        (console.follows_a_refusal, "desk: from a trace id to the entry"),
        (console_screens.keyboard_at_the_desk, "desk: keyboard alone"),
        (console_screens.hostile_texts_at_the_desk, "desk: 300 hostile texts"),
    ):
        mine = folder / f"desk-{act.__name__}"
        run(lambda act=act, mine=mine: act(player, demo_, mine), name)  # type: ignore[misc]  # one signature for all
    mine = folder / "desk-screens"
    run(
        lambda: console_screens.every_screen(player, demo_, mine, small=small),
        "desk: every screen",
    )


def officers_day(
    run: Run, player: Playwright, demo_: Demo, folder: Path, *, small: bool
) -> dict[str, Any]:
    """From a link in the morning to signing out in the evening."""
    mine = folder / "phone"
    with phone(player, mine) as one:
        seen = online(run, player, one, demo_, folder, small=small)
        run(lambda: journeys.reads_without_a_network(one), "reads without a network")
        run(lambda: journeys.begins_a_record(one), "begins a record in a cellar")
        complaints, violations = one.complaints, one.violations()
    record = str(
        run(lambda: journeys.sends_it_once(player, demo_, mine), "sends it once, days later")
    )
    second = folder / "second"
    run(
        lambda: journeys.the_second_officer_confirms(player, demo_, second, record),
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
    run(
        lambda: oddities.signs_on_at_the_platform(player, demo_, folder / "platform"),
        "signs on at the platform",
    )
    run(lambda: scanned(player, demo_, folder / "scan"), "scans from a camera")
    run(
        lambda: deploy.in_the_middle_of_a_form(player, demo_, folder / "deploy"),
        "a deploy in the middle of a form",
    )
    if not small:
        seen |= (
            run(
                lambda: first_visits(player, demo_.address, folder, turns=5),
                "first visits on a slow line",
            )
            or {}
        )
    for row in [*complaints, *violations][:5]:
        print(f"  the page complains: {row}")
    return {"complaints": len(complaints), "violations": len(violations), **seen}


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
        small = arguments.rounds == 1
        seen = officers_day(run, player, demo_, Path(text), small=small)
        at_the_desk(run, player, demo_, Path(text), small=small)
    fine = not run.failed and not seen["complaints"] and not seen["violations"]
    return stage.verdict("browser", fine, journeys=run.done, failed=len(run.failed), **seen)


if __name__ == "__main__":
    sys.exit(main())
