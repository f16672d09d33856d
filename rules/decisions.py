"""What a policy decides: each question with its outcomes, and how rules that match together are combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from .types import Type

if TYPE_CHECKING:
    from .tree import Expression, Origin

HitPolicy: TypeAlias = Literal["first", "priority", "unique", "any", "collect", "rule order", "output order"]
Aggregate: TypeAlias = Literal["sum", "min", "max", "count"]


@attrs.frozen
class DecisionSpec:
    """
    One question that the policy answers.

    *type* is a scale of the outcomes, least first, or the type of open outcomes. *default* is an outcome's expression, None
    where nobody has decided means `refer`. *values* are the further values that go with an outcome.
    """

    id: str
    type: Type
    hit_policy: HitPolicy = "first"
    aggregate: Aggregate | None = None
    default: Expression | None = None
    values: Mapping[str, Type] = attrs.field(factory=dict)
    title: str = ""
    about: str = ""
    origin: Origin | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The declared outcomes, least first; empty where outcomes are open."""
        return self.type.words

    @property
    def collects(self) -> bool:
        """Whether the verdict is made of all rules that match."""
        return self.hit_policy in ("collect", "rule order", "output order")
