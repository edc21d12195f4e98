"""Who may see which field: random worlds against an independent model, twins that differ only in what is withheld, explanations whose smallest
change releases, and broken versions of our own rules, each of which some world must tell from the model.
"""

import argparse
import contextlib
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.contract import shape_of
from adapters.contract.sections import encode
from app.agreements import decision, explanation, standing
from app.agreements.decision import Grant, Release, Terms
from app.agreements.explanation import Situation, ruling, smallest_change
from app.agreements.standing import Asked
from app.catalogue.classification import FieldClass
from app.catalogue.service import catalogue_on
from app.core.rules import Switch, Switches
from app.tasks.lifecycle import OpenTask
from app.tasks.purposes import PURPOSES
from auth.principal import Principal, Role
from tests.campaigns import policy_model as model

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SECTION = "tax"
REGIONS = ("", "330106", "330100", "330200", "310115")
FEWEST_OF_A_REASON, LEAST_SHARE = 100, 0.10


def world(rng):
    """Any caller, task, agreements and place; most of it fits, so that each check decides some."""

    def most(right, *others):
        return right if rng.random() < 0.96 else rng.choice(others)

    def often(right, *others):
        return right if rng.random() < 0.75 else rng.choice(others)

    caller = {
        "subject": "wang", "department": rng.choice(("fire", "tax", None)), "region": often("330100", "330106", "310000"),
        "roles": most(("inspector",), ("patroller",), ("auditor",), ("inspector", "patroller"), ("team_leader",), ("supervisor",)),
    }  # fmt: skip
    purpose = most(
        rng.choice(("inspection", "patrol")), "complaint_handling", "supervision", "nothing"
    )
    task = {
        "business": most("b", "c"), "site": most(None, "S1", "S2"), "purpose": most(purpose, "inspection", "patrol"),
        "region": most("330106", *REGIONS), "assignees": most(("wang",), ("li",)), "opened_by": often("li", "wang"),
        "hours_left": most(1, 0, -1), "opened_in": often("330100", "330100", "310000"),
        "department": rng.choice((caller["department"] or "", "", "fire", "tax")), "approved_by": rng.choice((None, "wang", "li")), "warned": often(False, True),
    }  # fmt: skip
    return {
        "caller": caller, "purpose": purpose, "business": "b", "site": rng.choice((None, "S1")),
        "named_task": often("t", None) if purpose == "patrol" else most("t", None, "u"), "tasks": {"t": task} if rng.random() < 0.97 else {},
        "lies_in": often("330106", *REGIONS), "department": rng.choice(("tax", "fire")), "section": SECTION,
        "second_person_warns": most(None, "330100", "310000", "000000"),
        "agreements": [agreement(rng, most, purpose) for _ in range(most(1, 0, 2, 3))],
    }  # fmt: skip


def agreement(rng, most, purpose):
    return {
        "source": most("*", "tax", "fire"), "purposes": most((purpose,), ("emergency",)), "class": rng.choice((2, 2, 3, 4)),
        "application": most("*", "fire", "tax"), "application_region": most("000000", "330100", "330200"),
        "sections": most(None, {SECTION: None}, {SECTION: ("b",)}, {"fire": None}),
        "regions": most((), ("330100",), ("310000",)), "roles": most((), ("patroller",), ("inspector",)),
    }  # fmt: skip


def field(rng):
    mask, masked_class = rng.choice(
        (("", None), ("phone", None), ("phone", 3), ("phone", 4), ("phone", 3))
    )
    return {
        "name": rng.choice("ab"),
        "level": rng.choice((1, 2, 2, 2, 3, 3, 4)),
        "mask": mask,
        "masked_class": masked_class,
    }


def situation(told):
    """The same world as our values."""
    who = told["caller"]
    principal = Principal(
        who["subject"], frozenset(map(Role, who["roles"])), who["department"], who["region"]
    )
    tasks = {
        name: OpenTask(
            name, t["business"], t["site"], t["purpose"], t["region"], frozenset(t["assignees"]), t["opened_by"],
            NOW + timedelta(hours=t["hours_left"]), t["opened_in"], t["department"], t["approved_by"], warned=frozenset({"I-06"} if t["warned"] else ()),
        )
        for name, t in told["tasks"].items()
    }  # fmt: skip
    terms = tuple(
        Terms(
            f"a{n}@1", t["source"], frozenset(t["purposes"]), t["class"], True, t["application"],
            None if t["sections"] is None else {s: None if f is None else frozenset(f) for s, f in t["sections"].items()},
            t["regions"], frozenset(map(Role, t["roles"])), t["application_region"],
        )
        for n, t in enumerate(told["agreements"])
    )  # fmt: skip
    asked = Asked(
        principal,
        told["business"],
        told["site"],
        told["purpose"],
        told["named_task"],
        tasks,
        NOW,
        told["lies_in"],
        switched(told["second_person_warns"]),
    )
    return Situation(asked, told["department"], told["section"], terms)


def switched(region):
    return Switches({} if region is None else {("I-06", region): Switch("warn")})


def row(told):
    return FieldClass(
        SECTION,
        told["name"],
        told["level"],
        told["mask"],
        told["masked_class"],
        NOW.date(),
        None,
        "x",
        "H",
    )


def differs(told, wanted):
    return ruling(situation(told), row(wanted)).verdict != model.verdict(told, wanted)


def judge(rng, worlds, explained):
    """Verdicts, reasons, and what did not agree."""
    verdicts, reasons, wrong, tried = Counter(), Counter(), [], 0
    for _ in range(worlds):
        told, wanted = world(rng), field(rng)
        ours = situation(told)
        found = ruling(ours, row(wanted))
        verdicts[found.verdict] += 1
        if found.verdict != model.verdict(told, wanted):
            wrong.append((told, wanted, found))
        if found.verdict != "withhold":
            continue
        reasons[found.reason] += 1
        purpose = PURPOSES.get(told["purpose"])
        if wanted["level"] > 1 and purpose and not purpose.sealed and tried < explained:
            tried += 1
            needed = smallest_change(ours, row(wanted))
            if needed is None or not releases(ours, needed, row(wanted)):
                wrong.append((told, wanted, needed))
    return verdicts, reasons, wrong, tried


def releases(ours, needed, wanted):
    """Whether each change was needed, and all of them release the field."""
    for name in needed:
        if ruling(ours, wanted).verdict != "withhold":
            return False
        ours = explanation.REPAIRS[name](ours, wanted)
    return ruling(ours, wanted).verdict != "withhold"


def twins(rng, count):
    """Records of a section that differ only in withheld fields, and did not leave byte-equal."""
    shape, classes = shape_of(SECTION), catalogue_on(NOW.date()).of_section(SECTION)
    names = [f.name for f in msgspec.structs.fields(shape) if f.name in classes]
    texts = {f.name for f in msgspec.structs.fields(shape) if f.type in (str, str | None)}
    unequal = 0
    for _ in range(count):
        named = frozenset(rng.sample(names, rng.randint(1, len(names))))
        given = Grant(
            rng.randint(2, 4), True, "x", agreed=((rng.randint(2, 4), rng.choice((None, named))),)
        )
        release = Release(shape, classes, given)
        first = {
            n: rng.choice(("甲", "乙", "13812345678"))
            for n in names
            if n in texts and rng.random() < 0.7
        }
        hidden = {n for n in names if decision.field_verdict(classes[n], given) == "withhold"}
        second = {n: v for n, v in first.items() if n not in hidden}
        second |= {n: rng.choice(("丙", "丁")) for n in hidden & texts if rng.random() < 0.7}
        left, right = (shape(**values) for values in (first, second))
        unequal += (
            release.apply(left, encode(left)).encoded != release.apply(right, encode(right)).encoded
        )
    return unequal


def serves_without(name):
    """An agreement that forgets one of its conditions."""

    def serves(self, who):
        told = {
            "purpose": who.purpose.name in self.purposes, "application": self.application in ("*", who.unit),
            "acts": model.covers(self.application_region, who.acts_in), "roles": not self.roles or bool(self.roles & who.roles),
            "regions": not self.regions or not who.lies_in or who.lies_within(self.regions),
        }  # fmt: skip
        return all(holds for each, holds in told.items() if each != name)

    return serves


def always(value):
    return lambda *_a, **_k: value


def checks_without(name):
    return tuple(c if c.name != name else c._replace(holds=always(True)) for c in standing.CHECKS)


def release_class_1(wanted, given):
    return "release" if wanted.level == 1 else decision_verdict(wanted, given)


def never_mask(wanted, given):
    found = decision_verdict(wanted, given)
    return "release" if found == "mask" else found


decision_verdict = decision.field_verdict
MUTANTS = {
    "region_ignored": (standing, "_region", always("")),
    "task_ignored": (standing, "_task", always("")),
    "second_person_ignored": (OpenTask, "is_seconded", always(True)),
    "department_of_task_ignored": (OpenTask, "is_of", always(True)),
    "assignees_ignored": (OpenTask, "is_for", always(True)),
    "business_of_task_ignored": (OpenTask, "is_about", always(True)),
    "agreement_purpose": (Terms, "serves", serves_without("purpose")),
    "agreement_application": (Terms, "serves", serves_without("application")),
    "agreement_application_region": (Terms, "serves", serves_without("acts")),
    "agreement_roles": (Terms, "serves", serves_without("roles")),
    "agreement_regions": (Terms, "serves", serves_without("regions")),
    "agreement_source": (Terms, "is_about", lambda self, _d, section: self.sections is None or section in self.sections),
    "agreement_fields": (
        Grant, "agreed_on",
        lambda self, _f: min((level for level, _ in self.agreed), default=self.strictest_class),
    ),
    "floor_forgotten": (Grant, "reach", lambda self, name: self.agreed_on(name)),
    "class_1_released": (explanation, "field_verdict", release_class_1),
    "never_masked": (explanation, "field_verdict", never_mask),
    "patroller_as_officer": (standing, "office_of", lambda who: who.department),
    "task_open_forgotten": (explanation, "CHECKS", checks_without("task_open")),
    "role_forgotten": (explanation, "CHECKS", checks_without("purpose_of_role")),
    "task_region_forgotten": (explanation, "CHECKS", checks_without("task_of_region")),
}  # fmt: skip


@contextlib.contextmanager
def broken(where, name, replacement):
    before = getattr(where, name)
    setattr(where, name, replacement)
    try:
        yield
    finally:
        setattr(where, name, before)


def killed(seed, most):
    """Mutants that some world tells from the model."""
    found = []
    for name, mutant in MUTANTS.items():
        rng = random.Random(seed)
        with broken(*mutant):
            for _ in range(most):
                told, wanted = world(rng), field(rng)
                try:
                    differed = differs(told, wanted)
                except (AttributeError, KeyError, TypeError):
                    differed = True
                if differed:
                    found.append(name)
                    break
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100_000, help="worlds")
    parser.add_argument("--seed", type=int, default=12)
    arguments = parser.parse_args()
    begun, some = time.monotonic(), max(arguments.rounds // 10, 200)
    verdicts, reasons, wrong, tried = judge(random.Random(arguments.seed), arguments.rounds, some)
    unequal = twins(random.Random(arguments.seed), some)
    dead = killed(arguments.seed, max(arguments.rounds // 5, 5000))
    for told in wrong[:3]:
        print("differs:", told)
    for name in MUTANTS.keys() - set(dead):
        print("survived:", name)
    shares = {name: round(count / arguments.rounds, 3) for name, count in sorted(verdicts.items())}
    rare = {name: count for name, count in reasons.items() if count < FEWEST_OF_A_REASON}
    enough = min(shares.values()) >= LEAST_SHARE and not rare
    judged = enough or arguments.rounds < 50_000
    ok = not wrong and not unequal and len(dead) == len(MUTANTS) and judged
    print("reasons", dict(reasons.most_common()))
    print(
        f"policy: {'ok' if ok else 'FAILED'} shares={shares} rare={rare} wrong={len(wrong)} explained={tried} twins={some} "
        f"unequal={unequal} seconds={time.monotonic() - begun:.0f} worlds={arguments.rounds} mutants={len(dead)}/{len(MUTANTS)}"
    )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
