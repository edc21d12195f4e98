"""Cursors."""

import pytest

from app.core.errors import CursorInvalid
from app.core.pagination import decode_cursor, encode_cursor


class TestCursors:
    def test_a_cursor_fits_only_its_own_query(self):
        cursor = encode_cursor(b"secret", 42, {"a": 1})
        assert decode_cursor(b"secret", cursor, {"a": 1}) == 42
        assert decode_cursor(b"secret", None, {}) == 0
        for secret, query in ((b"other", {"a": 1}), (b"secret", {"a": 2})):
            with pytest.raises(CursorInvalid):
                decode_cursor(secret, cursor, query)

    @pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 200, "===="])
    def test_rubbish_is_refused(self, cursor):
        with pytest.raises(CursorInvalid):
            decode_cursor(b"secret", cursor, {})
