"""The usual way: FastAPI dependencies, PyJWT on every request, httpx with gather, a response model, a SQLModel row per request."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlmodel import Field, Session, SQLModel, create_engine

FOLDER = Path(os.environ["BENCH_FOLDER"])
PEERS = json.loads((FOLDER / "peers.json").read_text(encoding="utf-8"))
KEY = jwt.PyJWK(json.loads((FOLDER / "jwks.json").read_text(encoding="utf-8"))["keys"][0]).key


class Audit(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    business_id: str = Field(index=True)
    purpose: str
    outcome: str
    departments: str


class Department(BaseModel):
    business_id: str
    as_of: datetime
    status: str
    data: dict[str, Any]


class Profile(BaseModel):
    business_id: str
    departments: dict[str, Department]


engine = create_engine(f"sqlite:///{FOLDER}/usual.db")


@asynccontextmanager
async def lifespan(app: FastAPI):
    SQLModel.metadata.create_all(engine, tables=[Audit.__table__])
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
    try:
        return jwt.decode(
            credentials.credentials,
            KEY,
            algorithms=["EdDSA"],
            audience=PEERS["audience"],
            issuer=PEERS["issuer"],
        )
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None


async def fetch(port: int, section: str, business_id: str) -> dict[str, Any]:
    response = await app.state.client.get(
        f"http://127.0.0.1:{port}/v1/sections/{section}/{business_id}"
    )
    response.raise_for_status()
    answer = response.json()
    peer = PEERS["sections"][section]
    row = answer["data"][peer["list"]][0]
    for name in peer["hide"]:
        row[name] = "*" * (len(row[name]) - 2) + row[name][-2:]
    return answer


def write(row: Audit) -> None:
    with Session(engine) as session:
        session.add(row)
        session.commit()


@app.get("/n/{n}/d/{delay}/v1/profiles/{business_id}", response_model=Profile)
async def read_profile(
    n: int, delay: int, business_id: str, user: Annotated[dict[str, Any], Depends(caller)]
):
    if "patroller" not in user["roles"]:
        raise HTTPException(403)
    ports = PEERS["ports"][str(delay)][:n]
    answers = await asyncio.gather(*(fetch(port, section, business_id) for section, port in ports))
    names = [section for section, _ in ports]
    row = Audit(
        at=datetime.now(UTC),
        actor=user["sub"],
        business_id=business_id,
        purpose="patrol",
        outcome="ok",
        departments=",".join(names),
    )
    await run_in_threadpool(write, row)
    return {"business_id": business_id, "departments": dict(zip(names, answers, strict=True))}
