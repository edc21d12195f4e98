"""Identifiers: every vector of the reference, and properties over all of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import IdentifierError, Scheme, parse
from adapters.contract.business_id import (
    USCC_ALPHABET,
    normalise,
    org_code_check_character,
    reg_no_check_digit,
    uscc_check_character,
)
from adapters.contract.personal import is_resident_number

VALID_USCC = [
    "91110105MA0YYY014T",
    "91310115MA1YYY024Y",
    "91330106MA2YYY034D",
    "92440305MA5YYY0481",
    "92320102MA7YYY076M",
    "93510104MA6YYY058N",
    "91370102999999066X",
    "51420106MJ9YYY080Q",
    "52350203MJ8YYY097M",
    "12610113MB0YYY1061",
    "91500103MAEYYY1167",
    "N2130102MF0YYY127H",
    "Y1220102MG0YYY1398",
    "A1110108MH0YYY1400",
    "91110000600037341L",
    "91110108551385082Q",
    "91340000711771143J",
    "91130200699229617X",
    "91110108MA00478Q15",
    "91340100728497523W",
    "11340100746752129D",
    "91440300708461136T",
]
VALID_REG_NO = [
    "340000000016368",
    "110108020854380",
    "340100000912077",
    "340100000160899",
    "310115000000029",
    "110105000000004",
    "440305600000035",
]

uscc = st.sampled_from(VALID_USCC)
character = st.sampled_from(USCC_ALPHABET + "IOZSV")


@pytest.mark.parametrize("code", VALID_USCC)
def test_valid_codes_are_recognised_with_both_checks(code):
    assert (parse(code).scheme, parse(code).value) == (Scheme.USCC, code)
    assert parse(code).checks == {"check_character": "ok", "organisation_code": "ok"}


@pytest.mark.parametrize("number", VALID_REG_NO)
def test_valid_registration_numbers_are_recognised(number):
    assert parse(number).scheme == Scheme.REG_NO


@pytest.mark.parametrize(
    ("text", "code", "position", "expected"),
    [
        ("91110105MA0YYY014U", "identifier.check_character", 17, "T"),
        ("9111010SMA0YYY014T", "identifier.charset", 7, None),
        ("91110105MA0YYY014", "identifier.length", None, None),
        ("91110105MA0YYY014TT", "identifier.length", None, None),
        ("99120101MAFYYY150N", "identifier.authority_category", 1, None),
        ("310115000000028", "identifier.check_character", 14, "9"),
        ("", "identifier.empty", None, None),
        ("   ", "identifier.empty", None, None),
        ("12345", "identifier.length", None, None),
        ("9" * 65, "identifier.length", None, None),
        ("11010519491231002X", "identifier.personal_number", None, None),
        ("JY1234", "identifier.length", None, None),
        ("91130200699229617XABCP", "identifier.charset", 18, None),
        ("600037342", "identifier.check_character", 8, "1"),
        ("11010860003734!1", "identifier.length", None, None),
    ],
)
def test_wrong_input_says_exactly_why(text, code, position, expected):
    with pytest.raises(IdentifierError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.position, caught.value.expected) == (
        code,
        position,
        expected,
    )


@pytest.mark.parametrize(
    "text",
    [
        "９１110105MA0YYY014T",
        "91110105 MA0YYY014t",
        "91110105-MA0YYY-014T",
        "\u200b91110105MA0YYY014T",
    ],
)
def test_width_case_blanks_and_hyphens_do_not_matter(text):
    assert parse(text).value == "91110105MA0YYY014T"


def test_look_alikes_are_suggested_and_never_applied():
    with pytest.raises(IdentifierError) as caught:
        parse("9111O105MA0YYY014T")
    assert caught.value.suggestions == ("91110105MA0YYY014T",)


def test_a_code_whose_inner_organisation_code_does_not_fit_is_a_warning():
    first17 = "91110105MA0YYY015"
    found = parse(first17 + uscc_check_character(first17))
    assert found.checks["organisation_code"] == "mismatch"


def test_registration_numbers_win_over_old_tax_numbers_and_the_alternative_is_listed():
    assert parse("340100000912077").alternatives == (Scheme.TAX_NO_OLD,)
    assert parse("tax_no_old:340100000912077").scheme == Scheme.TAX_NO_OLD


def test_a_number_that_is_only_a_tax_number_is_offered_as_one():
    with pytest.raises(IdentifierError) as caught:
        parse("110108551385082")
    assert caught.value.suggestions == ("tax_no_old:110108551385082",)
    assert parse("tax_no_old:110108551385082").scheme == Scheme.TAX_NO_OLD


def test_permit_numbers():
    assert parse("91130200699229617X001P").embedded == "91130200699229617X"
    assert parse("JY13301061234567").checks["check_character"] in {"ok", "unverified"}
    assert parse("60003734-1").scheme == Scheme.ORG_CODE
    assert (
        parse("11010860003734X").scheme == Scheme.TAX_NO_OLD
        if org_code_check_character("60003734") == "X"
        else True
    )


@settings(max_examples=300)
@given(uscc, st.integers(0, 17), character)
def test_every_single_character_change_of_a_code_is_rejected(code, position, replacement):
    changed = code[:position] + replacement + code[position + 1 :]
    if changed != code:
        with pytest.raises(IdentifierError):
            parse(changed)


def test_all_single_character_changes_of_one_code_are_rejected():
    code = VALID_USCC[0]
    for position in range(18):
        for replacement in USCC_ALPHABET:
            if replacement != code[position]:
                with pytest.raises(IdentifierError):
                    parse(code[:position] + replacement + code[position + 1 :])


@pytest.mark.parametrize("number", VALID_REG_NO)
def test_every_single_digit_change_of_a_registration_number_is_rejected(number):
    for position in range(15):
        for digit in "0123456789":
            if digit != number[position]:
                with pytest.raises(IdentifierError):
                    parse(number[:position] + digit + number[position + 1 :])


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_normalising_is_idempotent_and_parsing_never_fails_otherwise(text):
    assert normalise(normalise(text)) == normalise(text)
    try:
        found = parse(text)
    except IdentifierError as error:
        assert error.code.startswith("identifier.")
    else:
        assert parse(f"{found.scheme}:{found.value}").value == found.value


@given(st.from_regex(r"[0-9]{14}", fullmatch=True))
def test_a_computed_check_digit_is_accepted(first14):
    assert parse(f"reg_no:{first14}{reg_no_check_digit(first14)}").scheme == Scheme.REG_NO


def test_resident_numbers_are_recognised():
    assert is_resident_number("11010519491231002X")
    assert not is_resident_number("110105194912310021")
