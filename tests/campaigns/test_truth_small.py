"""A small size of the truth campaign inside the tests."""

from tests.campaigns.truth import campaign


async def test_sixty_businesses_come_out_true():
    tally, spoilt = await campaign(60, 2, broken=4)
    assert tally.false_yes == []
    assert tally.wrong == []
    assert (tally.precision, tally.recall) == (1.0, 1.0)
    assert tally.naive_false_yes > 0
    assert (spoilt.believed, spoilt.false_answers) == ([], [])
    assert spoilt.profiles == 13 * 4 * 8
