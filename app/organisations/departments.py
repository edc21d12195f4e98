"""What departments are called: those of the product's sections and their kin, as dated data.
Pure.
"""

from pathlib import Path

from adapters.contract.tables import rows
from adapters.contract.words import Words

_COLUMNS = ("department", "zh", "en", "valid_from", "source")
DEPARTMENTS: dict[str, Words] = {
    row["department"]: Words(row["zh"], row["en"])
    for row in rows(Path(__file__).with_name("data") / "departments.csv", _COLUMNS)
}
"""What departments are called."""
