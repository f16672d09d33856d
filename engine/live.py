"""A policy that follows its files: the current one is swapped in whole, and a broken edit leaves the last good one in charge."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

import attrs

from ..rules.diagnostics import PolicyError
from ..rules.incident import DECISIONS, Incident
from ..rules.tree import DecisionSpec
from .policy import Decision, Policy
from .sources import Contents, contents, folders, sources

#: Is called after each reload, in the thread that made it, with the new policy or with what is wrong with the edit.
OnReload: TypeAlias = Callable[[Policy | PolicyError], object]

_LOG: Final = logging.getLogger("evenhand")
#: Seconds: how long files have to be still before they are read, and how often they are looked at although nothing was heard.
_STILL: Final = 0.03
_GLANCE: Final = 1.0
#: How often files that keep changing are waited for, and loaded anew, before what is there is taken.
_PATIENCE: Final = 20
_TRIES: Final = 3


@attrs.frozen
class _Current:
    """The policy in charge and, where the last edit was broken, what is wrong with it."""

    policy: Policy
    error: PolicyError | None = None


class Engine:
    """
    Holds the current policy of a file, and follows the file and all that it extends.

    An edit is loaded and checked in a thread of its own and swapped in at once, so that each decision is made by one policy as a
    whole, the old or the new. A broken edit leaves the last good policy in charge; `error` says what is wrong until it is mended.
    Files may be rewritten, replaced, or deleted and made again. Safe to share among threads.

    *on_reload* is called after each reload with the new policy, or with the error; *vocabulary* and *decisions* are as in
    `Policy.load`.

    Raises:
        PolicyError: If there is no good policy to begin with.

    >>> with Engine("house") as engine:
    ...     engine.decide({"abuse": "violent"}).refund.outcome
    'deny'
    """

    def __init__(
        self,
        path: str | Path,
        *,
        watch: bool = True,
        on_reload: OnReload | None = None,
        vocabulary: type = Incident,
        decisions: Mapping[str, DecisionSpec] = DECISIONS,
    ) -> None:
        self.path = path
        self._load_policy = partial(Policy.load, path, vocabulary=vocabulary, decisions=decisions)
        self._on_reload = on_reload
        self._loading = threading.RLock()
        self._stopping = threading.Event()
        self._seen: Contents = contents(sources(path, None))
        self._current = _Current(self._load_policy())
        self._thread: threading.Thread | None = None
        if watch and self._seen:
            self._thread = threading.Thread(target=self._follow, name=f"evenhand {self.policy.id}", daemon=True)
            self._thread.start()

    @property
    def policy(self) -> Policy:
        """The policy in charge."""
        return self._current.policy

    @property
    def error(self) -> PolicyError | None:
        """What is wrong with the last edit; None where it is in charge."""
        return self._current.error

    def decide(self, facts: object, *, as_of: dt.date | None = None) -> Decision:
        """
        Decide what an incident calls for, by the policy in charge: the decision names it.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.
        """
        return self._current.policy.decide(facts, as_of=as_of)

    def reload(self) -> bool:
        """Load the policy anew, changed or not, and say whether it is in charge now; if not, `error` says why."""
        with self._loading:
            result = self._load()
            for _ in range(_TRIES):
                if self._seen == contents(sources(self.path, self.policy)):
                    break
                result = self._load()  # it was edited meanwhile, or extends a file that was not looked at before
            self._tell(result)
        return isinstance(result, Policy)

    def _load(self) -> Policy | PolicyError:
        self._seen = contents(sources(self.path, self.policy))
        try:
            policy = self._load_policy()
        except PolicyError as error:
            self._current = _Current(self._current.policy, error)
            return error
        self._current = _Current(policy)
        return policy

    def _tell(self, result: Policy | PolicyError) -> None:
        if self._on_reload is None:
            return
        try:
            self._on_reload(result)
        except Exception:  # noqa: BLE001 because it is not ours, and must not stop the engine
            _LOG.exception("on_reload failed for the policy %s", self.path)

    # -- following the files

    def _follow(self) -> None:
        """Reload whenever the files have changed, until the engine is closed."""
        while not self._stopping.is_set():
            watched = folders(self._seen)
            for _ in self._ticks(watched):
                try:
                    self._look()
                except Exception:  # noqa: BLE001 because a bug in loading must not end the following
                    _LOG.exception("the policy %s could not be reloaded", self.path)
                if folders(self._seen) != watched:
                    break

    def _look(self) -> None:
        """Reload if some file is not as it was seen last, once all have been still for a moment."""
        now = contents(self._seen)
        if now == self._seen:
            return
        for _ in range(_PATIENCE):
            if self._stopping.wait(_STILL):
                return
            before, now = now, contents(self._seen)
            if now == before:
                break
        self.reload()

    def _ticks(self, watched: frozenset[Path]) -> Iterator[None]:
        """Yield whenever something has happened in the folders, and now and then anyway."""
        from watchfiles import watch  # because most programs decide and do not watch

        yield
        try:
            events = watch(
                *watched,
                watch_filter=None,
                debounce=int(_STILL * 1_000),
                step=int(_STILL * 1_000) // 3,
                stop_event=self._stopping,
                rust_timeout=int(_GLANCE * 1_000),
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            )
            for _ in events:
                yield
        except (OSError, RuntimeError):  # a folder has gone, or there are too many to watch: files are still looked at
            self._stopping.wait(_GLANCE)

    def close(self) -> None:
        """Stop following the files; the policy in charge stays, and goes on deciding."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Engine({str(self.path)!r}, policy={self.policy!r})"
