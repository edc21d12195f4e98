"""What the demo shows a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

_MARKS = {
    "yes": "[green]YES[/]",
    "no": "[red]NO[/]",
    "not_required": "[green]NOT REQUIRED[/]",
    "unknown": "[yellow]UNKNOWN[/]",
}
_QUESTIONS = {
    "registered": "registered?",
    "taxes_on_time": "taxes on time?",
    "fire_permit": "fire permit?",
}
_SHORT: dict[str, tuple[tuple[str, str], ...]] = {
    "registration": (("reg_status", "{}"), ("legal_rep_name", "legal rep. {}")),
    "tax": (
        ("taxpayer_status", "{}"),
        ("overdue_filing_count", "{} overdue filing(s)"),
        ("tax_credit_grade", "grade {}"),
    ),
    "fire": (("fire_permit", "permit {}"), ("site_ref", "site {}")),
    "food": (("food_permit", "permit {}"), ("legal_rep_name", "legal rep. {}")),
    "special_equipment": (("overdue_inspection_count", "{} overdue inspection(s)"),),
    "public_security": (("special_trade_kind", "{}"), ("special_trade_permit", "permit {}")),
    "civil_affairs": (("org_kind", "{}"), ("annual_inspection", "{}")),
    "urban_management": (("front_three_duties", "street duties {}"),),
    "health": (("hygiene_permit", "permit {}"), ("quantified_grade", "grade {}")),
    "ecology": (("permit_category", "permit category {}"), ("env_credit", "credit {}")),
    "human_resources": (
        ("wage_arrears_listed", "wage blacklist {}"),
        ("social_insurance_status", "{}"),
    ),
    "emergency": (("work_safety_permit", "work-safety permit {}"),),
    "customs": (("customs_credit_level", "{}"),),
}
_PLAIN_WIDTH = 132
_DAY, _HOUR = 86400, 3600


class Screen:
    """A terminal; plain when the output goes to a file."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        self._console = (
            console
            if console.is_terminal
            else Console(highlight=False, width=max(console.width, _PLAIN_WIDTH))
        )

    def done(self, text: str) -> None:
        """A step that succeeded."""
        self._console.print(f"  [green]✔[/] {text}")

    def line(self, text: str) -> None:
        """A line of text."""
        self._console.print(f"  {text}")

    def failed(self, text: str) -> None:
        """Why it cannot go on."""
        self._console.print(f"  [red]✗[/] {text}", soft_wrap=True)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """A bar; the yielded function moves it on by one."""
        columns = (TextColumn("  … {task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda: bar.advance(task)

    def profile(self, title: str, profile: dict[str, Any]) -> None:
        """A profile: headline, departments, what is missing and why."""
        done = profile["completeness"]
        slowest = max(s["elapsed_ms"] for s in profile["sections"].values())
        self._console.print(
            f"\n  [bold]{title}: {profile['business']['value']}  {profile['name']}[/]\n"
            f"  {profile['elapsed_ms']} ms in all, slowest department {slowest} ms, "
            f"{done['answered']} of {done['asked']} answered"
        )
        table = Table("department", "outcome", "ms", "as of", "in short")
        for name, section in profile["sections"].items():
            table.add_row(
                f"{section['title']['zh']} {section['title']['en']}",
                section["outcome"],
                str(section["elapsed_ms"]),
                _age(section.get("age_s")),
                _in_short(name, section, profile["conflicts"]),
            )
        self._console.print(table)
        self._console.print(
            "  " + "    ".join(self._answer(q, profile["headline"][q]) for q in _QUESTIONS)
        )
        for name in done["missing"]:
            reason = profile["sections"][name]["reason"]
            self._console.print(
                f"  [yellow]missing[/] {name}: {reason['text']['zh']} / {reason['text']['en']}"
            )
        for finding in profile["findings"]:
            self._console.print(
                f"  [yellow]note[/] {finding['text']['zh']} / {finding['text']['en']}"
            )
        for conflict in profile["conflicts"]:
            told = ", ".join(f"{v['section']}: {v['value']}" for v in conflict["values"])
            self._console.print(
                f"  [yellow]conflict[/] {conflict['element']}: {told}\n"
                f"    {conflict['meaning']['zh']} / {conflict['meaning']['en']}"
            )

    @staticmethod
    def _answer(question: str, answer: dict[str, Any]) -> str:
        text = f"{_QUESTIONS[question]} [bold]{_MARKS[answer['answer']]}[/]"
        if known := answer.get("last_known"):
            return f"{text} (last known: {known['answer']})"
        if answer["answer"] == "unknown" and "reason" in answer:
            return f"{text} ({answer['reason']['text']['en']})"
        return text

    def receipts(self, record: dict[str, Any]) -> None:
        """Who has received a visit's results."""
        self._console.print(f"\n  [bold]One visit, recorded once[/] ({record['id']})")
        present = [o for o in record["officers"] if o["presence"] == "confirmed"]
        self._console.print(f"  [green]✔[/] {len(present)} officers confirmed by their own tokens")
        for row in record["write_back"]:
            receipt = (row["receipt"] or {}).get("receipt_no", "no receipt yet")
            self._console.print(
                f"  [green]✔[/] {row['department']}: {row['state']}, receipt {receipt}"
            )

    def invitation(self, gateway: str, path: str, folder: Path, control: str) -> None:
        """Lines to paste, where the demo stays up."""

        def curl(who: str, target: str) -> str:
            token = f"$(cat {folder}/{who}.token)"
            return f'curl -s -H "Authorization: Bearer {token}" "{gateway}{target}"'

        self._console.print("\n  [bold]Try it yourself[/] (the departments are mended again)")
        for who, target in (
            ("inspector", path),
            ("inspector", "/v1/profiles/91370102999999066X?purpose=patrol&site=S002"),
            ("department", "/v1/me"),
            ("supervisor", "/v1/records?state=written_back"),
            ("auditor", "/v1/audit/entries?event=profile.business.viewed"),
        ):
            self._console.print(f"    {who:<11} {curl(who, target)}", soft_wrap=True)
        self._console.print(
            "    department  add a fourteenth department while this runs: docs/add-a-department.md"
        )
        fault = f"curl -s -X PUT {control}/faults/food -H 'Content-Type: application/json' -d"
        self._console.print(f'    break one   {fault} \'{{"mode": "hang"}}\'', soft_wrap=True)
        self._console.print(f'    mend it     {fault} \'{{"mode": "ok"}}\'', soft_wrap=True)
        self._console.print(f"  API reference {gateway}/docs")

    def links(self, of_roles: dict[str, str]) -> None:
        """One-time links that sign somebody on."""
        self._console.print("  [bold]On a page[/], signed on by a code (once, for five minutes)")
        for role, link in of_roles.items():
            self._console.print(f"    {role:<11} {link}", soft_wrap=True)

    def stay(self) -> None:
        """The demo is up."""
        self._console.print("  Ctrl-C stops everything")


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "–"
    if seconds >= _DAY:
        return f"{seconds // _DAY} d"
    return f"{seconds // _HOUR} h" if seconds >= _HOUR else "now"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")


def _in_short(name: str, section: dict[str, Any], conflicts: list[dict[str, Any]]) -> str:
    data = section.get("data") or {}
    parts = [
        form.format(_word(data[field])) for field, form in _SHORT.get(name, ()) if field in data
    ]
    if not data and "reason" in section:
        parts.append(section["reason"]["text"]["zh"])
    for conflict in conflicts:
        others = [v["section"] for v in conflict["values"] if v["section"] != name]
        if len(others) < len(conflict["values"]):
            parts.append(f"[yellow]⚠ {conflict['element']} differs from {', '.join(others)}[/]")
    if withheld := section.get("withheld"):
        parts.append(f"{len(withheld)} withheld")
    if masked := section.get("masked"):
        parts.append(f"{len(masked)} masked")
    return "; ".join(parts)
