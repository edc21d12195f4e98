"""Cursors."""

import pytest

from app.core.errors import CursorInvalid
from app.core.keys import Keyring
from app.core.pagination import decode_cursor, encode_cursor

KEYS = Keyring(b"secret")


class TestCursors:
    def test_a_cursor_fits_only_its_own_query(self):
        cursor = encode_cursor(KEYS, 42, {"a": 1})
        assert decode_cursor(KEYS, cursor, {"a": 1}) == 42
        assert decode_cursor(KEYS, None, {}) == 0
        for keys, query in ((Keyring(b"other"), {"a": 1}), (KEYS, {"a": 2})):
            with pytest.raises(CursorInvalid):
                decode_cursor(keys, cursor, query)

    @pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 200, "===="])
    def test_rubbish_is_refused(self, cursor):
        with pytest.raises(CursorInvalid):
            decode_cursor(KEYS, cursor, {})
