"""Snapshots reload what changed."""

from app.core.snapshots import Snapshot, Snapshots, bump


def test_snapshots_reload_only_what_changed(database):
    loads = []

    def load(_session):
        loads.append(1)
        return len(loads)

    snapshots = Snapshots(database)
    snapshot = snapshots.add(Snapshot("things", load, 0))
    assert snapshots.refresh() == ["things"]
    assert snapshots.refresh() == []
    with database.write() as session:
        bump(session, "things")
    assert snapshots.refresh() == ["things"]
    assert snapshot.value == 2
