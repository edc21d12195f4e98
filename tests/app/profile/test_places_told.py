"""What a registration answer tells of a business: where it is, and what it is called."""

from adapters.contract import Outcome
from adapters.contract.sections import Registration, Site
from adapters.dispatch.reply import Reply
from app.businesses.places import Place
from app.profile.inquiry import place_told


def told(**data):
    return place_told(Reply(Outcome.FRESH, None, 1, Registration(**data)))


def test_the_name_is_told_with_the_place():
    sites = [Site(site_ref="S1", division_code="330108"), Site(site_ref="S2")]
    found = told(entity_name="杭州示例餐饮有限公司", division_code="330106", sites=sites)
    assert found == Place("330106", {"S1": "330108"}, name="杭州示例餐饮有限公司")


def test_a_name_that_no_column_takes_is_cut_and_none_is_empty():
    assert len(told(entity_name="店" * 400).name) == 300
    assert told(division_code="330106").name == ""
    assert place_told(None) == Place()
