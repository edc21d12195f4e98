"""Behaviours of what is said: type, text, JSON, content."""

from adapters.fakes.zoo.script import OTHER_BUSINESS, answer, json_of, told

# Type and text.
told("html", "content_type", lambda _a: answer(b"<html>maintenance</html>", media_type="text/html"))
told("plain_text", "content_type", lambda a: answer(json_of(a), media_type="text/plain"))
told("no_type", "content_type", lambda a: answer(json_of(a), media_type=None))
told(
    "invalid_utf8", "encoding", lambda a: answer(json_of(a).replace("年".encode(), b"\xff\xfe", 1))
)
told("utf16", "encoding", lambda a: answer(json_of(a).decode().encode("utf-16")))
told(
    "overlong_utf8", "encoding", lambda a: answer(json_of(a).replace("年".encode(), b"\xc0\xaf", 1))
)
told(
    "half_a_character",
    "encoding",
    lambda a: answer(json_of(a).replace("年".encode(), b"\\ud800", 1)),
)
told("nul_in_text", "encoding", lambda a: answer(json_of(a).replace("年".encode(), b"\\u0000", 1)))
told(
    "right_to_left_name",
    "deceptive_text",
    lambda a: answer(json_of(a).replace("年".encode(), "\u202e年".encode(), 1)),
)
told(
    "right_to_left_escaped",
    "deceptive_text",
    lambda a: answer(json_of(a).replace("年".encode(), b"\\u202e", 1)),
)

# JSON.
told("empty_body", "not_parsable", lambda _a: answer(b""))
told("cut_json", "not_parsable", lambda a: answer(json_of(a)[:-5]))
told("trailing_json", "not_parsable", lambda a: answer(json_of(a) + b"{}"))
told(
    "nan",
    "not_parsable",
    lambda a: answer(json_of(a).replace(b'"permits":[]', b'"permits":NaN', 1)),
)
told("infinity", "not_parsable", lambda a: answer(json_of(a)[:-1] + b',"x":-Infinity}'))
told(
    "huge_integer",
    "not_parsable",
    lambda a: answer(json_of(a)[:-1] + b',"x":' + b"9" * 5000 + b"}"),
)
told(
    "huge_exponent",
    None,
    lambda a: answer(json_of(a).replace(b'"permits":[]', b'"permits":1e999', 1)),
)
told("keys_twice", "duplicate_key", lambda a: answer(json_of(a)[:-1] + b',"status":"not_found"}'))
told(
    "keys_twice_inside",
    "duplicate_key",
    lambda a: answer(json_of(a).replace(b'"orders":[]', b'"orders":[],"orders" :[]', 1)),
)
told(
    "keys_twice_escaped",
    "duplicate_key",
    lambda a: answer(json_of(a)[:-1] + b',"st\\u0061tus":"found"}'),
)
told(
    "keys_twice_hidden",
    "duplicate_key",
    lambda a: answer(json_of(a)[:-1] + b',"y":1,"y":2,"z":"\\u003a"}'),
)
_FULL = {"flags": [{"code": "drill", "text": "年度演练已备案"}]}
"""Data of which nothing is empty: read by the typed decoder without a second look."""
told("honest", None, lambda a: answer(json_of(a, data=_FULL)))
told(
    "keys_twice_full",
    "duplicate_key",
    lambda a: answer(json_of(a, data=_FULL)[:-1] + b',"status":"found"}'),
)
told(
    "keys_twice_balanced",
    "duplicate_key",
    lambda a: answer(
        json_of(a, data=_FULL).replace("年".encode(), b"\\u003a", 1)[:-1] + b',"status":"found"}'
    ),
)
told(
    "deep",
    "too_complex",
    lambda a: answer(json_of(a)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
)
told(
    "deep_objects",
    "too_complex",
    lambda a: answer(json_of(a)[:-1] + b',"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"),
)
told(
    "many_elements",
    "too_complex",
    lambda a: answer(json_of(a)[:-1] + b',"x":[' + b"1," * 400_000 + b"1]}"),
)
told("many_keys", "too_complex", lambda a: answer(json_of(a, x={str(n): 0 for n in range(30_000)})))
told("long_text", "too_complex", lambda a: answer(json_of(a, x="y" * 100_000)))
told("json_of_another_kind", "wrong_business", lambda _a: answer(b"[1,2,3]"))
told("json_null", "wrong_business", lambda _a: answer(b"null"))
told(
    "unknown_fields",
    None,
    lambda a: answer(json_of(a, x={"y": [1, 2, {"z": None}]}, __proto__={"admin": True})),
)

# Content.
told("wrong_business", "wrong_business", lambda _a: answer(json_of(OTHER_BUSINESS)))
told(
    "no_echo",
    "wrong_business",
    lambda _a: answer(json_of("x").replace(b'"business_id":"x",', b"", 1)),
)
told(
    "echo_is_a_number", "wrong_business", lambda _a: answer(json_of("x").replace(b'"x"', b"12", 1))
)
told("old_answer_again", "wrong_business", lambda _a: answer(json_of("91330106MA2YYY000X")))
told("data_is_text", "schema_violation", lambda a: answer(json_of(a, data="none")))
told("data_is_missing", "schema_violation", lambda a: answer(json_of(a, data=None)))
told("wrong_types", "schema_violation", lambda a: answer(json_of(a, data={"permits": {"a": 1}})))
told("from_the_future", "as_of_invalid", lambda a: answer(json_of(a, as_of="2999-01-01T00:00:00Z")))
told("without_time", "as_of_invalid", lambda a: answer(json_of(a, as_of=None)))
told("time_is_garbage", "as_of_invalid", lambda a: answer(json_of(a, as_of="soon")))
told("time_out_of_range", "as_of_invalid", lambda a: answer(json_of(a, as_of=10**30)))
told(
    "list_entry_broken",
    "schema_violation",
    lambda a: answer(json_of(a, data={"flags": [{"text": "no code"}]})),
)
