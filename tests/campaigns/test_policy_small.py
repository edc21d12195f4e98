"""Random worlds against the independent model, and broken rules that it tells; 100 000 of them: make campaign-policy."""

import random

from tests.campaigns import policy


def test_verdicts_agree_and_smallest_changes_release():
    verdicts, reasons, wrong, explained = policy.judge(random.Random(13), 5000, 1000)
    assert wrong == []
    assert explained == 1000
    assert min(verdicts.values()) > 500
    assert len(reasons) == 16


def test_what_is_withheld_changes_nothing_that_leaves():
    assert policy.twins(random.Random(12), 500) == 0


def test_every_broken_rule_is_told_by_some_world():
    assert sorted(policy.killed(12, 5000)) == sorted(policy.MUTANTS)
