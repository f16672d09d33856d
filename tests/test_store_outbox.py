"""Messages leave at least once, under keys that stay, and none is lost."""

import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from stores import HOUR, MINUTE, TEN, event

from evenhand.engine.cases.store import Message, VersionConflict
from evenhand.engine.cases.store.records import Posted
from evenhand.engine.cases.store.sinks import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    CommandSink,
    FileSink,
    SinkError,
    WebhookSink,
    envelope,
    signature,
)
from evenhand.engine.cases.store.store import Store

NOTIFY = Message("notify-insurer", "duty", TEN, {"duty": "notify-insurer", "note": "Ça va?"})
POSTED = Posted("c/notify-insurer", "c", NOTIFY, "waiting", 1, TEN, "", None, erased=False)


@attrs.define
class Sink:
    """Takes messages, or refuses them all."""

    problem: str = ""
    got: list[str] = attrs.field(factory=list)

    def deliver(self, posted: Posted, now: int) -> None:
        self.got.append(posted.key)
        if self.problem:
            raise SinkError(self.problem)


class Killed(BaseException):
    """Stands for the end of the process."""


class Deadly:
    """A sink in which the process dies."""

    def deliver(self, posted: Posted, now: int) -> None:
        raise Killed


# --- delivering ------------------------------------------------------------------------------------------------------


def test_a_message_leaves_once_it_is_recorded(store: Store) -> None:
    sink = Sink()
    store.create("a/b", [event()])
    with pytest.raises(VersionConflict):
        store.append("a/b", 7, [event()], outbox=[NOTIFY])
    assert store.deliver(sink, TEN).sent == ()
    store.append("a/b", 1, [event()], outbox=[NOTIFY])
    assert store.deliver(sink, TEN).sent == ("a%2Fb/notify-insurer",)
    assert store.deliver(sink, TEN + 100 * HOUR).sent == ()
    (posted,) = store.outbox()
    assert (posted.state, posted.tries, posted.message) == ("sent", 1, NOTIFY)
    assert posted.sent_at is not None


def test_a_message_is_posted_once_under_its_key(store: Store) -> None:
    store.create("c", outbox=[NOTIFY])
    store.create("d", outbox=[NOTIFY])
    store.append("c", 0, [], outbox=[attrs.evolve(NOTIFY, body={})])
    assert [posted.key for posted in store.outbox()] == ["c/notify-insurer", "d/notify-insurer"]
    assert store.outbox(case="c")[0].message == NOTIFY


def test_messages_leave_in_the_order_of_their_moments(store: Store) -> None:
    sink = Sink()
    store.create(
        "c", outbox=[attrs.evolve(NOTIFY, key=key, at=TEN + n * HOUR) for n, key in ((2, "b"), (1, "a"), (9, "z"))]
    )
    assert store.deliver(sink, TEN + 5 * HOUR, limit=1).sent == ("c/a",)
    assert store.deliver(sink, TEN + 5 * HOUR).sent == ("c/b",)


def test_what_was_refused_is_tried_again_with_growing_waits(store: Store) -> None:
    sink = Sink("not today")
    store.create("c", outbox=[NOTIFY])
    waits, now = [], TEN
    for _ in range(4):
        assert store.deliver(sink, now).again == ("c/notify-insurer",)
        (posted,) = store.outbox(state="waiting")
        assert posted.problem == "not today"
        assert store.deliver(sink, posted.next_at - 1000).sent == ()
        waits.append(round((posted.next_at - now) / 1000))
        now = posted.next_at
    assert waits == [30, 60, 120, 240]
    assert store.deliver(Sink(), now).sent == ("c/notify-insurer",)
    assert store.outbox()[0].tries == 5


def test_a_poisonous_message_is_given_up_and_listed(store: Store) -> None:
    sink = Sink("never")
    store.create("c", outbox=[NOTIFY])
    now = TEN
    for left in (2, 1, 0):
        report = store.deliver(sink, now, most=3)
        assert report.given_up == (() if left else ("c/notify-insurer",))
        now += HOUR
    assert len(sink.got) == 3
    assert store.deliver(Sink(), now, most=3).sent == ()
    assert [posted.problem for posted in store.outbox(state="failed")] == ["never"]
    assert store.requeue("c", "notify-insurer", now)
    assert not store.requeue("c", "notify-insurer", now)
    assert store.deliver(Sink(), now).sent == ("c/notify-insurer",)


def test_a_message_that_kills_the_process_is_given_up(store: Store) -> None:
    """Each try is counted before it is made."""
    store.create("c", outbox=[NOTIFY, attrs.evolve(NOTIFY, key="other", at=TEN + 1)])
    now, sink = TEN, Sink()
    for _ in range(3):
        with pytest.raises(Killed):
            store.deliver(Deadly(), now, most=3, limit=1, lease=MINUTE)
        assert store.deliver(sink, now, most=3).sent in {("c/other",), ()}
        now += HOUR
    assert store.deliver(sink, now, most=3).given_up == ("c/notify-insurer",)
    assert sink.got == ["c/other"]
    assert "may have died" in store.outbox(state="failed")[0].problem


def test_a_message_is_with_one_worker_until_its_lease_ends(store: Store) -> None:
    store.create("c", outbox=[NOTIFY])
    with pytest.raises(Killed):
        store.deliver(Deadly(), TEN, lease=MINUTE)
    assert store.deliver(Sink(), TEN + MINUTE - 2000).sent == ()
    assert store.deliver(Sink(), TEN + MINUTE).sent == ("c/notify-insurer",)


def test_workers_share_the_messages(store: Store) -> None:
    """While one message is on its way, another worker takes the next."""
    sinks = [Sink() for _ in range(4)]
    store.create("c", outbox=[attrs.evolve(NOTIFY, key=f"m-{n}") for n in range(40)])
    threads = [
        threading.Thread(target=store.deliver, args=(sink, TEN), kwargs={"worker": f"w-{n}"})
        for n, sink in enumerate(sinks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for sink in sinks for key in sink.got) == sorted(f"c/m-{n}" for n in range(40))


# --- a file ----------------------------------------------------------------------------------------------------------


def test_a_file_gets_a_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"torn":')
    FileSink(path).deliver(POSTED, TEN)
    FileSink(str(path)).deliver(POSTED, TEN)
    _, *lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == 2 * [
        {"key": "c/notify-insurer", "case": "c", "kind": "duty", "at": TEN, "body": dict(NOTIFY.body)}
    ]


def test_a_file_that_cannot_be_written_refuses(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot be written"):
        FileSink(tmp_path).deliver(POSTED, TEN)


# --- a command -------------------------------------------------------------------------------------------------------


def python(code: str) -> CommandSink:
    return CommandSink([sys.executable, "-c", code], timeout=20)


def test_a_command_gets_the_message_and_no_shell_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "got $(touch pwned)"
    code = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    CommandSink([sys.executable, "-c", code, str(path)]).deliver(POSTED, TEN)
    assert path.read_text(encoding="utf-8") == envelope(POSTED)
    assert list(tmp_path.iterdir()) == [path]


def test_a_command_that_fails_says_why() -> None:
    code = "import sys; print('first', file=sys.stderr); print('no such duty', file=sys.stderr); sys.exit(3)"
    with pytest.raises(SinkError, match=r"ended with 3 \(no such duty\)"):
        python(code).deliver(POSTED, TEN)


def test_a_command_need_not_read_what_it_gets() -> None:
    big = attrs.evolve(POSTED, message=attrs.evolve(NOTIFY, body={"text": "x" * 500_000}))
    python("pass").deliver(big, TEN)
    with pytest.raises(SinkError, match="ended with 1"):
        python("raise SystemExit(1)").deliver(big, TEN)


@pytest.mark.parametrize("command", ["rm -rf", [], ()])
def test_a_command_is_a_list(command: Any) -> None:
    with pytest.raises(ValueError, match="a command is a list"):
        CommandSink(command)


def test_a_command_that_is_not_there_refuses() -> None:
    with pytest.raises(SinkError, match="cannot be run"):
        CommandSink(["no-such-program-here"]).deliver(POSTED, TEN)


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {_LINGERS!r}, sys.argv[1]]); time.sleep(60)"
    sink = CommandSink([sys.executable, "-c", code, str(tmp_path / "beats")], timeout=1.5)
    began = time.monotonic()
    with pytest.raises(SinkError, match=r"took longer than 1\.5 seconds"):
        sink.deliver(POSTED, TEN)
    assert time.monotonic() - began < 20
    beats = tmp_path / "beats"
    before = beats.read_text() if beats.exists() else ""
    time.sleep(0.5)
    assert (beats.read_text() if beats.exists() else "") == before


_LINGERS = "import sys, time\nwhile True:\n open(sys.argv[1], 'a').write('.'); time.sleep(0.05)"


# --- a webhook -------------------------------------------------------------------------------------------------------

SECRET = b"a secret of some length"


class Receiver(BaseHTTPRequestHandler):
    """Answers by its path: `/500` with 500, and so on."""

    got: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        if self.path == "/hang":
            time.sleep(3)
        code = int(self.path.removeprefix("/")) if self.path[1:].isdigit() else 200
        self.send_response(code)
        if 300 <= code < 400:
            self.send_header("Location", "/200")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 -- the name that the server looks for

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_is_signed_over_time_and_body(address: str) -> None:
    WebhookSink(f"{address}/200", SECRET).deliver(POSTED, TEN)
    ((_, headers, body),) = Receiver.got
    assert json.loads(body) == json.loads(envelope(POSTED))
    assert headers[KEY_HEADER] == "c/notify-insurer"
    assert headers[TIME_HEADER] == str(TEN // 1000)
    made = hmac.new(SECRET, headers[TIME_HEADER].encode() + b"." + body, sha256).hexdigest()
    assert headers[SIGNATURE_HEADER] == f"v1={made}" == signature(SECRET, headers[TIME_HEADER], body)
    assert "secret" not in repr(WebhookSink(f"{address}/200", SECRET))


@pytest.mark.parametrize("code", [301, 302, 307, 308, 400, 404, 429, 500])
def test_a_webhook_that_does_not_take_it_is_tried_again(address: str, code: int) -> None:
    """A redirection is no yes, and is not followed."""
    with pytest.raises(SinkError, match=f"answered {code}"):
        WebhookSink(f"{address}/{code}", SECRET).deliver(POSTED, TEN)
    assert len(Receiver.got) == 1


def test_a_webhook_that_hangs_or_is_not_there_refuses(address: str) -> None:
    with pytest.raises(SinkError, match="cannot be reached"):
        WebhookSink(f"{address}/hang", SECRET, timeout=0.2).deliver(POSTED, TEN)
    with pytest.raises(SinkError, match="cannot be reached"):
        WebhookSink("http://127.0.0.1:9", SECRET).deliver(POSTED, TEN)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://localhost/", "file:///etc/passwd", "https://", "localhost"),
        *("https://a..b/", f"https://{'a' * 64}.example/", "https://\ud800/", "https://example.com:99999/"),
        *("https://example.com:x/", "https://example.com/ü", "https://example.com/?q=ü", "https://example.com/a b"),
    ],
)
def test_a_webhook_names_a_safe_address(url: str) -> None:
    with pytest.raises(ValueError, match="a webhook's address"):
        WebhookSink(url, SECRET)


def test_a_host_may_be_named_in_any_letters() -> None:
    assert WebhookSink("https://bücher.example:8443/%C3%BC?q=%20", SECRET).url.endswith("%20")


def test_a_webhook_has_a_real_secret() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        WebhookSink("https://example.com", b"short")


def test_keys_of_messages_do_not_run_into_one_another(store: Store) -> None:
    for case, key in (("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c")):
        store.create(case, outbox=[attrs.evolve(NOTIFY, key=key)])
    assert len({posted.key for posted in store.outbox()}) == 3


def test_importing_the_store_loads_no_database_library() -> None:
    code = "import sys, evenhand.engine.cases.store.sinks; print('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
