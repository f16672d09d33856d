"""The engine that follows its files: edits are picked up, broken ones are not, and no decision is ever a mix."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evenhand import Engine, Policy, PolicyError

OUTCOMES = ("deny", "replace", "credit", "partial", "full")


def policy_text(outcome: str, *, extends: str = "", version: str = "1") -> str:
    return f"""
[policy]
id = "corner-cafe"
version = "{version}"
{f'extends = ["{extends}"]' if extends else ""}

[[rule]]
id = "always"
then.refund = "{outcome}"
because = "It is {outcome}."
"""


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cafe.toml"
    path.write_text(policy_text("deny"))
    return path


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    with Engine(file) as engine:
        yield engine


def outcome(engine: Engine) -> object:
    return engine.decide({}).refund.outcome


def test_an_edit_on_disk_is_picked_up(engine: Engine, file: Path) -> None:
    before = engine.policy
    file.write_text(policy_text("full"))
    until(lambda: outcome(engine) == "full")
    assert before.decide({}).refund.outcome == "deny"


def test_a_broken_edit_leaves_the_last_good_policy_until_it_is_mended(engine: Engine, file: Path) -> None:
    file.write_text(policy_text("ful"))
    until(lambda: engine.error is not None)
    assert outcome(engine) == "deny"
    assert engine.error is not None
    assert "`ful`" in str(engine.error)
    file.write_text(policy_text("full"))
    until(lambda: outcome(engine) == "full")
    assert engine.error is None


def test_a_file_replaced_by_renaming_is_followed(engine: Engine, file: Path) -> None:
    """Editors write a new file and put it in the place of the old one; more than once."""
    for word in ("full", "credit", "replace"):
        draft = file.with_suffix(".tmp")
        draft.write_text(policy_text(word))
        draft.replace(file)
        until(lambda word=word: outcome(engine) == word)  # type: ignore[misc]  # because mypy cannot tell the type of a default


def test_a_file_deleted_and_made_again_is_followed(engine: Engine, file: Path) -> None:
    file.unlink()
    until(lambda: engine.error is not None)
    assert outcome(engine) == "deny"
    file.write_text(policy_text("partial"))
    until(lambda: outcome(engine) == "partial")


def test_a_folder_deleted_and_made_again_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    file = folder / "cafe.toml"
    file.write_text(policy_text("deny"))
    with Engine(file) as engine:
        file.unlink()
        folder.rmdir()
        until(lambda: engine.error is not None)
        folder.mkdir()
        file.write_text(policy_text("full"))
        until(lambda: outcome(engine) == "full")


def test_a_linked_file_swapped_as_a_cluster_does_is_followed(tmp_path: Path) -> None:
    """The file is a link into a folder that is itself a link, and only that link is replaced."""
    for version, word in (("v1", "deny"), ("v2", "full")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "cafe.toml").write_text(policy_text(word))
    (tmp_path / "data").symlink_to("v1")
    file = tmp_path / "cafe.toml"
    file.symlink_to(Path("data") / "cafe.toml")
    with Engine(file) as engine:
        (tmp_path / "data-new").symlink_to("v2")
        (tmp_path / "data-new").replace(tmp_path / "data")
        until(lambda: outcome(engine) == "full")


def test_the_files_that_a_policy_extends_are_followed(tmp_path: Path) -> None:
    """Those that it extends from the start, and those that an edit has it extend; also when they come after the edit."""
    main, house = tmp_path / "main.toml", tmp_path / "sub" / "house.toml"
    house.parent.mkdir()
    house.write_text(policy_text("deny"))
    main.write_text('[policy]\nid = "main"\nextends = ["./sub/house.toml"]\n')
    with Engine(main) as engine:
        house.write_text(policy_text("credit"))
        until(lambda: outcome(engine) == "credit")
        main.write_text('[policy]\nid = "main"\nextends = ["./other/regional.toml"]\n')
        until(lambda: engine.error is not None)
        assert outcome(engine) == "credit"
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "regional.toml").write_text(policy_text("full"))
        until(lambda: outcome(engine) == "full")
        (tmp_path / "other" / "regional.toml").write_text(policy_text("replace"))
        until(lambda: outcome(engine) == "replace")


def test_each_reload_is_told_and_a_failing_listener_does_no_harm(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Policy | PolicyError] = []

    def listen(result: Policy | PolicyError) -> None:
        told.append(result)
        raise RuntimeError("a mistake of the listener's")

    with caplog.at_level(logging.CRITICAL, "evenhand"), Engine(file, on_reload=listen) as engine:
        file.write_text(policy_text("nonsense"))
        until(lambda: len(told) == 1)
        file.write_text(policy_text("full"))
        until(lambda: outcome(engine) == "full")
    assert isinstance(told[0], PolicyError)
    assert isinstance(told[-1], Policy)


def test_reloading_by_hand_needs_no_thread(file: Path) -> None:
    with Engine(file, watch=False) as engine:
        file.write_text(policy_text("full"))
        time.sleep(0.1)
        assert outcome(engine) == "deny"
        assert engine.reload()
        assert outcome(engine) == "full"
        file.write_text("[policy")
        assert not engine.reload()
        assert outcome(engine) == "full"
        assert engine.error is not None


def test_a_shipped_pack_has_no_files_to_follow() -> None:
    threads = threading.active_count()
    with Engine("house") as engine:
        assert threading.active_count() == threads
        assert engine.policy.id == "house"


def test_closing_ends_the_thread_and_leaves_the_policy(file: Path) -> None:
    engine = Engine(file)
    (thread,) = [found for found in threading.enumerate() if found.name.startswith("evenhand")]
    engine.close()
    engine.close()
    assert not thread.is_alive()
    assert outcome(engine) == "deny"


def test_a_listener_may_close_the_engine(file: Path) -> None:
    closed = threading.Event()

    def close(_result: object) -> None:
        held.close()
        closed.set()

    held = Engine(file, on_reload=close)
    file.write_text(policy_text("full"))
    assert closed.wait(15)


def test_there_is_no_engine_without_a_good_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        Engine(tmp_path / "missing.toml")


def test_eight_threads_never_see_a_mix_during_fifty_reloads(tmp_path: Path) -> None:
    """Each decision is of one version as a whole: its outcomes, its reason and its hash belong together."""
    file = tmp_path / "cafe.toml"
    texts = [two_decisions(number) for number in range(5)]
    answers = {}
    for text in texts:
        policy = Policy.loads(text)
        answers[policy.content_hash] = answer(policy)
    file.write_text(texts[0])
    done = threading.Event()
    wrong: list[object] = []
    seen: set[str] = set()

    def decide() -> None:
        while not done.is_set():
            decision = held.decide({"abuse": "rude"})
            seen.add(decision.policy.content_hash)
            if answers.get(decision.policy.content_hash) != answer(decision.policy, decision=decision):
                wrong.append(decision)
            time.sleep(0.0005)  # so that eight deciders do not starve the one who reloads

    with Engine(file) as held:
        threads = [threading.Thread(target=decide) for _ in range(8)]
        for thread in threads:
            thread.start()
        for number in range(1, 51):
            draft = file.with_suffix(".tmp")
            draft.write_text(texts[number % 5])
            draft.replace(file)
            held.reload()
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert len(seen) > 1


def two_decisions(number: int) -> str:
    walk_away = ("stay", "pause", "warn", "end", "ban")[number]
    return f"""
[policy]
id = "corner-cafe"
version = "{number}"

[[rule]]
id = "rule-{number}"
when = "abuse >= rude"
then.refund = "{OUTCOMES[number]}"
then.walk_away = "{walk_away}"
because = "{number}"
"""


def answer(policy: Policy, decision: object = None) -> tuple[object, ...]:
    made = decision if decision is not None else policy.decide({"abuse": "rude"})
    return made.refund.outcome, made.walk_away.outcome, made.refund.because, policy.version  # type: ignore[attr-defined]


def test_an_engine_survives_a_process_that_has_no_more_watches(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot watch, files are looked at now and then."""

    def refuse(*_paths: object, **_options: object) -> Iterator[None]:
        raise OSError("no space left for watches")

    monkeypatch.setattr("watchfiles.watch", refuse)
    with Engine(file) as engine:
        file.write_text(policy_text("full"))
        until(lambda: outcome(engine) == "full")
    assert os.path.exists(file)  # noqa: PTH110 because only its being there matters
