"""Solvers that neither think for ever nor take all the memory there is."""

from __future__ import annotations

from .encoder import Encoder
from .terms import Term

#: Milliseconds that one question to a solver may take.
PATIENCE = 2_000
#: Megabytes that z3 may hold while it answers; past them it answers that it does not know.
MOST_MEMORY = 2_000


def new_solver(encoder: Encoder) -> Term:
    """Return a solver in the encoder's terms that has been told nothing yet."""
    solver = encoder.z3.Solver()
    solver.set("timeout", PATIENCE)
    solver.set("max_memory", MOST_MEMORY)
    return solver
