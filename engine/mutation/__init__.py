"""Mutants of a policy, and whether its tests notice them: who tests the tests."""

from .mutants import Mutant
from .operators import OPERATORS, Operator
from .running import FailingTestsError
from .score import Fate, Result, Score, mutate
from .telling import Telling

__all__ = ["OPERATORS", "FailingTestsError", "Fate", "Mutant", "Operator", "Result", "Score", "Telling", "mutate"]
