"""Column types that both engines have."""

from sqlalchemy import BigInteger, Integer

BigSerial = BigInteger().with_variant(Integer(), "sqlite")
"""A counter that outlives a province's traffic; SQLite's INTEGER has 64 bits by itself."""
