"""Records as a phone would send them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any


def an_inspection(task: str, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "business_id": "91310115MA1YYY024Y",
        "task": task,
        "visit_started_at": now.isoformat(),
        "visit_ended_at": (now + timedelta(seconds=1)).isoformat(),
        "officers": [{"certificate_no": "ZJ-0001"}, {"certificate_no": "ZJ-0002"}],
        "results": [
            {
                "department": "fire",
                "item_code": "FIRE-EXIT",
                "mode": "determined",
                "result": "nonconform",
                "note": "=cmd|' /C calc'!A0",
            },
            {"department": "food", "item_code": "FOOD-1", "mode": "observed", "result": "conform"},
        ],
        **changes,
    }


def an_id() -> str:
    return str(uuid.uuid4())
