"""A lane for each destination: places, pauses, turns."""

from app.delivery.lanes import DeliveryLanes, Destination

NOW = 1000.0
FIRE, FOOD, TAX = (Destination(name, "330100") for name in ("fire", "food", "tax"))


def test_two_are_under_way_to_one_destination():
    lanes = DeliveryLanes()
    assert lanes.turns([FIRE], NOW) == [(FIRE, 2)]
    lanes.of(FIRE).in_flight = 2
    assert lanes.turns([FIRE], NOW) == []


def test_where_nobody_is_it_rests_longer_and_longer_and_is_tried_with_one():
    lanes = DeliveryLanes()
    lane = lanes.of(FIRE)
    for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
        lane.missed(NOW)
        assert lanes.turns([FIRE], NOW + seconds - 0.1) == []
        assert lanes.turns([FIRE], NOW + seconds) == [(FIRE, 1)]
    lane.arrived()
    assert lanes.turns([FIRE], NOW) == [(FIRE, 2)]


def test_one_message_that_cannot_be_taken_rests_it_for_a_moment_alone():
    lanes = DeliveryLanes()
    for _ in range(20):
        lanes.of(FIRE).faltered(NOW)
    assert lanes.turns([FIRE], NOW + 0.9) == []
    assert lanes.turns([FIRE], NOW + 1.0) == [(FIRE, 2)]


def test_one_that_hangs_takes_nobody_elses_place():
    lanes = DeliveryLanes()
    lanes.of(FIRE).in_flight = 2
    assert lanes.turns([FIRE, FOOD, TAX], NOW) == [(FOOD, 2), (TAX, 2)]


def test_all_together_have_a_bound_and_whoever_waited_longest_goes_first():
    lanes = DeliveryLanes()
    many = [Destination(f"d{n:02d}", "330100") for n in range(40)]
    first = lanes.turns(many, NOW)
    assert sum(n for _, n in first) == 32
    second = lanes.turns(many, NOW)
    assert not {d for d, _ in second} & {d for d, _ in first}


def test_only_what_is_worth_remembering_is_remembered():
    lanes = DeliveryLanes()
    lanes.of(FIRE).missed(NOW)
    lanes.of(FOOD)
    lanes.of(TAX).in_flight = 1
    lanes.tidy(set())
    assert set(lanes.known) == {FIRE, TAX}
