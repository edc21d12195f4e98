"""Shapes of imports."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from adapters.contract.words import Words

MEDIA_TYPES = ("text/csv", "text/tab-separated-values", "text/plain", "application/vnd.ms-excel")
"""What a list may be called; browsers of offices name the last one for a CSV."""
LIST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "UTF-8, UTF-16 with its mark or GB 18030; headings in Chinese or English",
        "content": {
            "text/csv": {
                "schema": {"type": "string", "maxLength": 262144},
                "example": "姓名,单位编号,登录标识,执法证号,有效期起,有效期止\r\n"
                "王芳,fire-330100,wangfang,ZJ-0001,2026/1/1,2030/12/31\r\n",
            }
        },
    }
}


class LineFault(BaseModel):
    """What is wrong with a line (`line` as a spreadsheet counts; null: with the file) and, where
    one is meant, a column.
    """

    line: int | None
    column: str | None
    code: str
    text: Words


class ImportRead(BaseModel):
    """What an import did, or would do: nothing where there are faults. `known` are those that
    stand in the directory just so.
    """

    import_id: str | None = Field(description="null: nobody was added")
    dry_run: bool
    lines: int
    added: int
    known: int
    faults: list[LineFault]
    more_faults: int = Field(description="so many beyond those that are told")


class ImportDone(BaseModel):
    """An import that was carried out, and whether it was undone."""

    import_id: str
    added: int
    known: int
    created_by: str
    created_at: datetime
    undone_by: str | None
    undone_at: datetime | None
