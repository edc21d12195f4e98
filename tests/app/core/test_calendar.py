"""Deadlines of law: working and natural days, as the State Council published them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.core.calendar import Calendar, CalendarError, Due, read_calendar
from app.core.schedule import Schedule, Span, pause_after

PLAIN = Calendar()


def day(text):
    return date.fromisoformat(text)


class TestDays:
    @pytest.mark.parametrize(
        ("on", "works"),
        [
            ("2026-02-13", True),
            ("2026-02-14", True),  # a Saturday that is worked for the Spring Festival
            ("2026-02-16", False),
            ("2026-02-28", True),
            ("2026-03-01", False),
            ("2026-10-01", False),
            ("2026-10-07", False),
            ("2026-10-08", True),
            ("2026-10-10", True),
            ("2026-11-28", False),
            ("2026-11-30", True),
        ],
    )
    def test_holidays_weekends_and_make_up_days(self, on, works):
        assert PLAIN.is_working(day(on)) is works

    @pytest.mark.parametrize(
        ("begins", "count", "unit", "last"),
        [
            ("2026-11-27", 1, "working", "2026-11-30"),  # the day it begins does not count
            ("2026-11-27", 1, "natural", "2026-11-30"),  # would end on a Saturday
            ("2026-11-26", 1, "natural", "2026-11-27"),
            ("2026-02-13", 2, "working", "2026-02-24"),  # over the make-up day and the festival
            ("2026-09-30", 1, "working", "2026-10-08"),
            ("2026-09-30", 3, "natural", "2026-10-08"),
            ("2026-09-20", 10, "natural", "2026-09-30"),
            ("2026-09-28", 10, "working", "2026-10-16"),
        ],
    )
    def test_the_last_day_of_a_period(self, begins, count, unit, last):
        assert PLAIN.after(day(begins), count, unit) == Due(day(last), provisional=False)

    def test_what_reaches_an_unpublished_year_is_provisional(self):
        assert PLAIN.after(day("2031-01-30"), 2, "working").provisional
        corrected = Calendar({day("2031-02-01"): True})
        due = corrected.after(day("2031-01-31"), 1, "working")
        assert due == Due(day("2031-02-01"), provisional=False)
        assert PLAIN.after(day("2026-12-30"), 400, "natural").provisional

    @pytest.mark.parametrize("count", [0, -1, 3661])
    def test_no_period_is_empty_or_endless(self, count):
        with pytest.raises(ValueError, match="a period has"):
            PLAIN.after(day("2026-11-27"), count, "working")


class TestFile:
    def written(self, tmp_path, text):
        path = tmp_path / "days.csv"
        path.write_bytes(text)
        return path

    def test_a_file_corrects_what_is_known(self, tmp_path):
        path = self.written(
            tmp_path, "\ufeffdate,working\r\n2026-11-28,yes\n2026-11-30,no\n".encode()
        )
        found = read_calendar(path)
        assert found.is_working(day("2026-11-28"))
        assert not found.is_working(day("2026-11-30"))
        assert read_calendar(None).is_working(day("2026-11-30"))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (b"day,working\n", "first line"),
            (b"date,working\n2026-13-01,yes\n", "line 2"),
            (b"date,working\n2026-11-30,no\n2026-11-30,maybe\n", "line 3"),
            (b"date,working\n2026-11-30\n", "line 2"),
            (b"\xff\xfe", "days.csv"),
        ],
    )
    def test_a_broken_file_says_where(self, tmp_path, text, says):
        with pytest.raises(CalendarError, match=says):
            read_calendar(self.written(tmp_path, text))
        with pytest.raises(CalendarError):
            read_calendar(tmp_path / "nothing.csv")


class TestSchedule:
    def at(self, text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def test_working_days_pass_over_holidays(self):
        morning = Schedule(time(8, 30), "working")
        assert morning.next_after(self.at("2026-11-27T00:29"), PLAIN) == self.at("2026-11-27T00:30")
        assert morning.next_after(self.at("2026-11-27T00:30"), PLAIN) == self.at("2026-11-30T00:30")
        assert morning.next_after(self.at("2026-09-30T00:30"), PLAIN) == self.at("2026-10-08T00:30")
        assert Schedule(time(3, 10)).next_after(self.at("2026-11-27T00:29"), PLAIN) == self.at(
            "2026-11-27T19:10"
        )

    def test_spans_and_pauses(self):
        span = Span(day("2026-11-27"), day("2026-11-30"))
        held = [d for d in range(25, 31) if span.holds(date(2026, 11, d))]
        assert held == [28, 29, 30]
        assert [pause_after(n) / timedelta(minutes=1) for n in (1, 2, 3, 9, 99)] == [
            1,
            2,
            4,
            60,
            60,
        ]
