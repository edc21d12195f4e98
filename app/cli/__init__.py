"""Operator verbs: `onevisit serve | migrate | openapi | adapter … |
deliveries … | jobs … | answers … | keys … | token … | web … | demo |
doctor`. Each says in one sentence what went wrong.
"""

import sys
from importlib.metadata import version

import typer

from app.cli import (
    adapter,
    agreement,
    answers,
    deliveries,
    doctor,
    jobs,
    keys,
    openapi,
    people,
    server,
    token,
    web,
)
from app.cli.words import said

app = typer.Typer(
    no_args_is_help=True,
    help=said("OneVisit 一次查: one visit, many departments.", "一次查：一次检查，覆盖多个部门。"),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("onevisit"))
        raise typer.Exit


@app.callback()
def options(
    _version: bool = typer.Option(
        False,
        "--version",
        callback=_version,
        is_eager=True,
        help=said("show it and end", "显示版本"),
    ),
) -> None:
    """Options before a verb."""


app.add_typer(
    adapter.app,
    name="adapter",
    help=said(
        "Department side: draft, register, verify, review, publish, suspend, retire.",
        "部门侧：起草、登记、检验、审核、发布、停用、注销。",
    ),
)
app.add_typer(
    deliveries.app,
    name="deliveries",
    help=said(
        "What is on its way to departments: list, send again, drop.",
        "回传：查看、重发、放弃。",
    ),
)
app.add_typer(
    jobs.app,
    name="jobs",
    help=said("What is done at its time: list, do now.", "定时任务：查看、立即执行。"),
)
app.add_typer(
    openapi.app, name="openapi", help=said("The published contracts.", "已发布的接口约定。")
)
app.add_typer(
    answers.app,
    name="answers",
    help=said("What departments said last.", "各部门最近一次的答复。"),
)
app.add_typer(
    agreement.app,
    name="agreement",
    help=said(
        "Agreements between departments: draft, sign, suspend, compare.",
        "数据采集与应用协议：起草、签署、暂停、查看。",
    ),
)
app.add_typer(
    people.app,
    name="people",
    help=said(
        "Units and people: the first administrator, find, register, roles, suspend.",
        "单位与人员：首位管理员、查找、登记、角色、暂停。",
    ),
)
app.add_typer(web.app, name="web", help=said("The pages.", "页面。"))
app.add_typer(keys.app, name="keys", help=said("The operator's keys.", "运维密钥。"))
app.add_typer(token.app, name="token", help=said("Access tokens.", "登录凭证。"))
app.command("serve")(server.serve)
app.command("migrate")(server.migrate)
app.command("doctor")(doctor.doctor)


@app.command("demo")
def demo(
    once: bool = typer.Option(False, "--once", help="end after the two profiles"),
    port: int = typer.Option(8000, help="of the gateway"),
    departments_port: int = typer.Option(9101, help="first of 14 ports of the mock departments"),
    businesses: int = typer.Option(2000, min=0, max=1_000_000, help="generated businesses"),
) -> None:
    """Start thirteen mock departments and the gateway, run the main job twice, and stay up."""
    from app.cli.demo import run

    raise typer.Exit(
        run(once=once, port=port, departments_port=departments_port, businesses=businesses)
    )


def main() -> None:
    """The `onevisit` command."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from app.core.settings import SettingsError

    try:
        app()
    except SettingsError as error:
        _end(str(error))
    except ValidationError as error:
        named = (
            "ONEVISIT_" + "_".join(str(part) for part in row["loc"]).upper() + f": {row['msg']}"
            for row in error.errors()
        )
        _end("; ".join(named))
    except OperationalError as error:
        said_by_server = str(error.orig).strip().partition("\n")[0]
        _end(f"The database does not answer: {said_by_server}")


def _end(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(2)
