"""The solver reading: a policy as terms of z3, for proofs about all incidents at once.

z3 is imported when the first encoder is made. The encoding is exact but for two things, both of which only allow more: what a
pattern says about a text that the policy does not name is left open, and so is arithmetic that z3 gives up on. "No incident does
this" is therefore always a proof; an incident that the solver comes up with is one only when the reference reading agrees.
"""

from .encoder import Encoder
from .incidents import Point, point_of
from .outcomes import Outcomes, outcomes_of
from .terms import SolverMissingError, Term

__all__ = ["Encoder", "Outcomes", "Point", "SolverMissingError", "Term", "outcomes_of", "point_of"]
