"""
The correlator on durable_rules, in a worker process of its own, for the patterns that it does soundly.

The extra `evenhand[cases]` brings durable_rules. Nothing here imports it: only the worker does, so that whatever becomes of it
there, the process that follows the cases goes on, with the plain correlator's answers.
"""

from .joiner import Durable as Durable
from .process import Worker as Worker
