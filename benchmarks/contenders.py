"""Who is measured: Evenhand, a hand-written if-chain, datalogic-py and zen-engine, each in its fastest form known to us."""

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from .as_jdm import as_jdm
from .as_jsonlogic import as_jsonlogic
from .as_python import one_chain_each, one_pass
from .facts import Facts, Stream
from .rules import DECISIONS, RandomPolicy
from .timing import Answers, Entry, fastest

PICK = operator.itemgetter(*DECISIONS)

IF_CHAIN = "if-chain"
DATALOGIC = "datalogic-py"
DATALOGIC_READY = "datalogic-py, `DataHandle` in"
ZEN = "zen-engine"


class DisagreementError(AssertionError):
    """A contender answers differently: its times would mean nothing."""


def plain(incidents: list[Facts]) -> list[dict[str, object]]:
    """Give the incidents as flat dicts with plain keys, the cheapest form for the if-chain and the peers."""
    return [{name.replace(".", "_"): value for name, value in facts.items()} for facts in incidents]


def _each(decide: Callable[[Any], tuple[str, ...]]) -> Callable[[list[Any]], Answers]:
    return lambda inputs: list(map(decide, inputs))


def _fresh(stream: Stream, number: int) -> list[dict[str, object]]:
    return plain(stream.batch(number))


def if_chain(policy: RandomPolicy, stream: Stream) -> list[Entry]:
    """Two ways to write it by hand."""
    return [
        Entry(partial(_fresh, stream), _each(one_pass(policy)), stream.size),
        Entry(partial(_fresh, stream), _each(one_chain_each(policy)), stream.size),
    ]


def datalogic(policy: RandomPolicy, stream: Stream) -> list[Entry]:
    """One template that gives all four outcomes, or four rules over facts that are converted once."""
    from datalogic_py import DataHandle, Engine

    rules = as_jsonlogic(policy)
    engine = Engine(templating=True)
    session, template, single = (
        engine.session(),
        engine.compile(rules),
        [engine.compile(rule) for rule in rules.values()],
    )

    def templated(inputs: list[dict[str, object]]) -> Answers:
        return [PICK(result) for result in map(partial(session.evaluate, template), inputs)]

    def one_by_one(inputs: list[dict[str, object]]) -> Answers:
        return [tuple([session.evaluate_data(rule, handle) for rule in single]) for handle in map(DataHandle, inputs)]

    fresh = partial(_fresh, stream)
    return [Entry(fresh, templated, stream.size), Entry(fresh, one_by_one, stream.size)]


def datalogic_ready(policy: RandomPolicy, stream: Stream) -> list[Entry]:
    """The same with the facts already in the engine's own form, as an `Incident` is in ours."""
    from datalogic_py import DataHandle, Engine

    rules = as_jsonlogic(policy)
    engine = Engine(templating=True)
    session, template = engine.session(), engine.compile(rules)

    def run(handles: list[Any]) -> Answers:
        return [PICK(result) for result in map(partial(session.evaluate_data, template), handles)]

    return [Entry(lambda number: list(map(DataHandle, _fresh(stream, number))), run, stream.size)]


def zen(policy: RandomPolicy, stream: Stream) -> list[Entry]:
    """
    Four decision tables in one graph, with a column for each fact or with whole conditions in one cell.

    The graphs are handed to a static loader: the engine then compiles them once. `create_decision` of a JSON text, as in
    its README, takes about ten times as long for each decision, because it seems to compile the graph each time.
    """
    from zen import ZenEngine

    graphs = {"columns": as_jdm(policy), "one cell": as_jdm(policy, one_cell=True)}
    engine = ZenEngine({"loader": {"type": "static", "content": graphs}})

    def run(name: str, inputs: list[dict[str, object]]) -> Answers:
        evaluate = engine.evaluate
        return [PICK(evaluate(name, facts)["result"]) for facts in inputs]

    return [Entry(partial(_fresh, stream), partial(run, name), stream.size) for name in graphs]


PEERS: dict[str, Callable[[RandomPolicy, Stream], list[Entry]]] = {
    IF_CHAIN: if_chain,
    DATALOGIC: datalogic,
    DATALOGIC_READY: datalogic_ready,
    ZEN: zen,
}


def check_agreement(name: str, entry: Entry, expected: Answers) -> None:
    """Hold a contender's answers to the plain ones."""
    answers = entry.run(entry.fresh(0))
    wrong = [number for number, pair in enumerate(zip(answers, expected, strict=True)) if pair[0] != pair[1]]
    if wrong:
        first = wrong[0]
        raise DisagreementError(
            f"{name} disagrees on {len(wrong)} of {len(expected)} incidents, first on number {first}: "
            f"{answers[first]} instead of {expected[first]}"
        )


def enter(name: str, policy: RandomPolicy, stream: Stream) -> Entry:
    """Prepare the fastest form of a contender."""
    return fastest(PEERS[name](policy, stream))
