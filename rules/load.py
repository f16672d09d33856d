"""From TOML to the checked tree: a visible row of passes, each over what the ones before it made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from .allowances import check_allowances
from .case_events import check_calendar, check_duties, declare_events
from .case_patterns import check_patterns
from .case_plans import check_monitoring, check_plans, check_replies
from .case_review import review_cases
from .case_stories import case_tree, check_stories
from .cases import check_tests, read_cases
from .collector import collector_paused
from .compose import Resolver, compose, gather, within_folder
from .decisions import DecisionSpec
from .declare import (
    Work,
    declare_currency,
    declare_decisions,
    declare_facts,
    declare_obligations,
    declare_parameters,
)
from .diagnostics import Diagnostic, Findings, Place, PolicyError, TooManyFindings, nearest, wording
from .document import Document, Problem, parse_document, read_document
from .incident import DECISIONS, Incident
from .independence import check_independence
from .locate import excused, located
from .normal import facts_in, facts_of
from .review import check_header, check_use
from .rulebook import check_guards, check_rules
from .terms import check_terms
from .tree import Case, Guard, PolicyTree, Rule
from .types import Fact
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: What the names of shipped packs' documents begin with.
SHIPPED: Final = "evenhand/policies/"

PASSES: Final[tuple[Callable[[Work], None], ...]] = (
    declare_currency,  # first, because every amount of money needs it
    declare_facts,
    declare_parameters,  # after facts: a parameter must not hide one
    declare_decisions,
    declare_obligations,
    check_terms,  # needs facts and parameters
    check_rules,  # needs terms, decisions and obligations
    check_guards,
    check_independence,  # needs facts and decisions
    declare_events,
    check_calendar,
    check_duties,  # needs kinds of events
    check_patterns,  # as above
    check_plans,
    check_replies,
    check_monitoring,
    check_tests,
    check_allowances,
    check_stories,  # needs all of the above
    check_header,
    review_cases,  # as below
    check_use,  # last, because a name in a part with mistakes may be in use
)


@attrs.frozen
class Loaded:
    """A checked policy with the warnings met on the way and the documents that it came from."""

    tree: PolicyTree
    warnings: tuple[Diagnostic, ...]
    documents: Mapping[str, Document]


def shipped_packs() -> tuple[str, ...]:
    """Return the ids of the policies that ship with the engine."""
    names = [entry.name for entry in _packs().iterdir()]
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _packs() -> Traversable:
    from importlib.resources import files  # here, because many policies stand on their own

    return files(__name__.rsplit(".", 2)[0] + ".policies")


def load_file(
    path: str | Path, *, vocabulary_class: type = Incident, decisions: Mapping[str, DecisionSpec] = DECISIONS
) -> Loaded:
    """
    Load and check a policy file, or the shipped pack of that id.

    Raises:
        PolicyError: If the policy cannot be used, with all that is wrong with it.
    """
    location = Path(path)
    if not str(path).endswith(".toml") and str(path) in shipped_packs() and not location.exists():
        document, problems = read_pack(str(path))
    else:
        document, problems = read_document(location)
    return _load(document, problems, _resolver(location.parent), vocabulary_class, decisions, name=str(path))


def load_text(
    text: str,
    *,
    name: str = "policy.toml",
    folder: str | Path | None = None,
    vocabulary_class: type = Incident,
    decisions: Mapping[str, DecisionSpec] = DECISIONS,
    resolve: Resolver | None = None,
) -> Loaded:
    """
    Load and check a policy from its text; *folder* is where relative paths in `extends` are looked up.

    *resolve* finds what the policy extends where it is neither in a folder nor shipped.

    Raises:
        PolicyError: If the policy cannot be used, with all that is wrong with it.
    """
    document, problems = parse_document(text, name)
    find = resolve or _resolver(Path(folder) if folder is not None else None)
    return _load(document, problems, find, vocabulary_class, decisions, name=name)


@collector_paused()
def _load(
    document: Document | None,
    problems: Iterable[Problem],
    resolve: Resolver,
    vocabulary_class: type,
    decisions: Mapping[str, DecisionSpec],
    *,
    name: str,
) -> Loaded:
    findings = Findings()
    report_problems(problems, document.name if document else name, findings)
    if document is None or (len(findings) and not document.values):
        raise PolicyError(located(findings, {document.name: document} if document else {}))
    documents: dict[str, Document] = {}
    tree: PolicyTree | None = None
    with suppress(TooManyFindings):
        documents.update((layer.name, layer) for layer in gather(document, resolve, findings))
        work = Work(compose(list(documents.values()), findings), vocabulary(vocabulary_class), decisions, findings)
        for check in PASSES:
            check(work)
        cases = read_cases(work)
        tree = None if findings.has_errors else _tree(work, cases)
    found = located(excused(findings, documents), documents)
    if tree is None:
        raise PolicyError(found)
    return Loaded(tree, found, documents)


def report_problems(problems: Iterable[Problem], name: str, findings: Findings) -> None:
    """Report what is wrong with a document that was read."""
    for problem in problems:
        span = problem.span
        at, until = ((span.line, span.column), (span.end_line, span.end_column)) if span else (None, None)
        findings.report(problem.code, Place(name, problem.path, at=at, until=until), **problem.facts)


def read_pack(id_: str) -> tuple[Document | None, list[Problem]]:
    """Read a shipped pack."""
    text = _packs().joinpath(f"{id_}.toml").read_text(encoding="utf-8")
    return parse_document(text, f"{SHIPPED}{id_}.toml")


def _resolver(folder: Path | None) -> Resolver:
    """Return how `extends` finds a policy: a shipped pack by its id, a file by a path inside the policy's folder."""

    def resolve(name: str, current: Document, place: Place, findings: Findings) -> Document | None:
        if not name.endswith(".toml"):
            if name in shipped_packs():
                document, problems = read_pack(name)
                report_problems(problems, document.name if document else name, findings)
                return document
            findings.report("unknown-pack", place, suggestion=nearest(name, shipped_packs()), name=name[:80])
            return None
        if folder is None:
            findings.report("extends-without-folder", place, name=name[:80])
            return None
        base = folder if current.path is None else Path(current.path).parent
        path = Path(os.path.normpath(base / name))
        if not within_folder(path, folder):
            findings.report("extends-outside", place, name=name[:80])
            return None
        document, problems = read_document(path)
        if document is None:
            for problem in problems:
                findings.report("extends-unreadable", place, name=name[:80], why=wording(problem.code, problem.facts))
        else:
            report_problems(problems, document.name, findings)
        return document

    return resolve


def asked_facts(
    facts: Mapping[str, Fact],
    rules: Iterable[Rule],
    guards: Iterable[Guard],
    decisions: Iterable[DecisionSpec],
) -> frozenset[str]:
    """Return every fact that a rule, a guard or a value asks for."""
    found: set[str] = set()
    expressions = [spec.default for spec in decisions if spec.default is not None]
    for rule in rules:
        found |= facts_of(rule.form)
        expressions += (*rule.outcomes.values(), *rule.values.values())
    for guard in guards:
        found |= facts_of(guard.form)
    found.update(fact for expression in expressions for fact in facts_in(expression))
    return frozenset(found & facts.keys())


def _tree(work: Work, cases: tuple[Case, ...]) -> PolicyTree:
    header = work.draft.header.raw
    texts = "\0".join(layer.text for layer in work.draft.layers)
    words = {key: header.get(key, "") for key in ("title", "version", "about", "jurisdiction")}
    return PolicyTree(
        id=header["id"],
        document=work.draft.header.origin.document,
        **words,
        currency=work.currencies.home,
        effective=header.get("effective"),
        expires=header.get("expires"),
        review_by=header.get("review_by"),
        extends=tuple(header.get("extends", ())),
        rates=work.currencies.rates,
        facts=work.facts,
        parameters=work.parameters,
        terms=work.terms,
        decisions=work.decisions,
        rules=tuple(work.rules),
        guards=tuple(work.guards),
        obligations=work.obligations,
        tests=cases,
        switched_off=work.draft.switched_off,
        allowances=tuple(work.allowances),
        asked=asked_facts(work.facts, work.rules, work.guards, work.decisions.values()),
        case=case_tree(work),
        content_hash=hashlib.sha256(texts.encode()).hexdigest(),
        independent=tuple(work.independent),
    )
