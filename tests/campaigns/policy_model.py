"""The rules of who may see which field, written down once more, naively: it imports nothing of ours.

A world is a dict of plain values; see `policy.world`.
"""

NEEDS_TASK = {"inspection": True, "patrol": False, "complaint_handling": True, "supervision": True}
ROLES = {
    "inspection": {"inspector", "team_leader"},
    "patrol": {"patroller", "inspector", "team_leader"},
    "complaint_handling": {"inspector", "team_leader"},
    "supervision": {"supervisor"},
}


def covers(outer, inner):
    while outer.endswith("00"):
        outer = outer[:-2]
    return inner.startswith(outer)


def may_ask(world):
    """Whether the caller may ask at all: purpose, role, and the task that is named."""
    purpose, who = world["purpose"], world["caller"]
    if purpose not in ROLES or not ROLES[purpose] & set(who["roles"]):
        return False
    if world["named_task"] is None:
        return not NEEDS_TASK[purpose]
    task = world["tasks"].get(world["named_task"])
    return (
        task is not None
        and task["hours_left"] > 0
        and who["subject"] in {*task["assignees"], task["opened_by"]}
        and task["business"] == world["business"]
        and task["site"] in (None, world["site"])
        and task["purpose"] == purpose
        and is_near(task, who["region"])
    )


def is_near(task, region):
    """Whether somebody of a region may work on a task."""
    if task["region"]:
        return covers(region, task["region"])
    return covers(region, task["opened_in"]) or covers(task["opened_in"], region)


def floor(world):
    """The strictest class that region and task leave, whatever was agreed on."""
    who, here = world["caller"], world["lies_in"]
    inside = here != "" and covers(who["region"], here)
    if not inside:
        return 4 if world["purpose"] == "patrol" else 3
    if is_own(world):
        return 2
    task = world["tasks"].get(world["named_task"]) if world["named_task"] else None
    if task is None:
        return 3
    if task["department"] and who["department"] and task["department"] != who["department"]:
        return 3
    if not covers(task["opened_in"], here):
        return 3
    where = world["second_person_warns"]
    if where and task["warned"] and covers(where, task["opened_in"]) and covers(where, here):
        return 2
    alone = task["opened_by"] == who["subject"] and task["approved_by"] in (None, who["subject"])
    return 3 if alone else 2


def is_own(world):
    """Whether an officer asks about his own department's data."""
    who = world["caller"]
    return world["department"] == who["department"] and bool(
        {"inspector", "team_leader"} & set(who["roles"])
    )


def depth(world, field):
    """The strictest class that agreements give of a field; None where none is about it."""
    who, found = world["caller"], []
    for terms in world["agreements"]:
        serves = (
            world["purpose"] in terms["purposes"]
            and terms["application"] in ("*", who["department"] or "")
            and covers(terms["application_region"], who["region"])
            and (not terms["roles"] or set(terms["roles"]) & set(who["roles"]))
            and (
                not terms["regions"]
                or not world["lies_in"]
                or any(covers(r, world["lies_in"]) for r in terms["regions"])
            )
        )
        about = terms["source"] in ("*", world["department"])
        if not serves or not about:
            continue
        sections = terms["sections"]
        if sections is None or (
            world["section"] in sections
            and (sections[world["section"]] is None or field in sections[world["section"]])
        ):
            found.append(2 if is_own(world) else terms["class"])
    return min(found) if found else None


def verdict(world, field):
    """`release`, `mask` or `withhold` for a field: a dict of name, level, mask, masked_class."""
    agreed = depth(world, field["name"])
    if field["level"] == 1 or not may_ask(world) or agreed is None:
        return "withhold"
    reach = max(agreed, floor(world))
    if field["level"] >= reach:
        return "mask" if field["mask"] and field["masked_class"] == field["level"] else "release"
    if field["mask"] and field["masked_class"] and field["masked_class"] >= reach:
        return "mask"
    return "withhold"
