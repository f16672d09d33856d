"""Processes that die at any moment, and many at the same cases: nothing is lost, nothing doubled."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import store_runs
from sqlalchemy import text

from evenhand.engine.cases.store.store import Store

#: Few, since each is a second of a busy machine; `python tests/store_runs.py kill` runs two hundred.
KILLS = os.environ.get("EVENHAND_KILLS", "20")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def ran(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(store_runs.__file__)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.once
def test_whoever_is_killed_loses_nothing_that_was_acknowledged(place: str) -> None:
    found = ran("kill", place, "--kills", KILLS)
    assert found["wrong"] == []
    assert found["recorded"] >= found["acknowledged"] > 0
    # Nearly all were killed while they were recording.
    assert found["among acknowledged events"] > found["kills"] * 0.7
    # Of each worker that was killed, no more than one event was recorded and not yet acknowledged.
    assert found["recorded"] - found["acknowledged"] <= found["kills"]


@pytest.mark.once
def test_eight_processes_share_fifty_cases(place: str) -> None:
    """No update is lost, and every timer fires once, though every third claim is dropped or late."""
    found = ran("share", place, "--events", "20")
    assert found["wrong"] == []
    assert (found["events"], found["timers fired"]) == (8 * 20 + 200, 200)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("delete from case_events where seq = 3", "lost k3"),
        ("update case_events set key = 'k2' where seq = 3", "lost k3"),
        ("update case_ledger set about = '{}'", "ledger"),
        ("update case_timers set due_at = 7", "timers"),
        ("delete from case_outbox where key = 'k1'", "the outbox"),
        ("update case_events set at = 7 where seq = 1", "event 1"),
        ("update cases set version = 2", "event 3"),
    ],
)
def test_what_is_wrong_would_be_seen(store: Store, change: str, complaint: str) -> None:
    store.create("c")
    for key in ("k1", "k2", "k3"):
        store_runs.record(store, "c", key)
    acknowledged = Counter(["k1", "k2", "k3"])
    assert store_runs.wrong(store, "c", acknowledged) == []
    with store._database.engine.begin() as connection:
        if "set key" in change:
            connection.execute(text("drop index case_events_key"))
        connection.execute(text(change))
    assert complaint in "; ".join(store_runs.wrong(store, "c", acknowledged))
