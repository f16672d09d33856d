"""A policy on its way to the workers: packed on the driver, checked and made ready once in each worker process.

The checked tree travels, not the TOML: so every policy can, whatever vocabulary and files it was made of, and no worker has to check
it again. A worker takes it only if what arrived is what was sent, and if its own Evenhand is the driver's, byte for byte: another
version might decide otherwise, and nobody would notice.
"""

from __future__ import annotations

import hashlib
import pickle
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import attrs

from ...rules.load import Loaded
from ..policy import Policy

#: What decides: the code that must be the same on both sides. The command line may differ.
_DECIDING: Final = ("rules", "engine")
#: The most policies that a worker process keeps ready.
_MOST: Final = 8


class ShippingError(RuntimeError):
    """What came to a worker is not what the driver sent, or was sent by another version of Evenhand."""


@attrs.frozen
class Parcel:
    """A policy as bytes, with the hash of these bytes, of what it was made of, and of the code that is to decide by it."""

    tree: bytes = attrs.field(repr=False)
    digest: str
    content_hash: str
    code: str

    @classmethod
    def of(cls, policy: Policy) -> Parcel:
        """Pack a policy."""
        tree = pickle.dumps(policy.tree, protocol=5)
        return cls(tree, hashlib.sha256(tree).hexdigest(), policy.content_hash, code_print())

    def policy(self) -> Policy:
        """
        Unpack the policy, or return the one that this process has unpacked before.

        Raises:
            ShippingError: If it is not what was sent, or was sent by another version of Evenhand.
        """
        ready = _ready.get(self.digest)
        if ready is None:
            ready = self._unpacked()
            while len(_ready) >= _MOST:
                _ready.pop(next(iter(_ready)), None)
            _ready[self.digest] = ready
        return ready

    def _unpacked(self) -> Policy:
        mine = code_print()
        if mine != self.code:
            raise ShippingError(
                f"the driver and this worker run different versions of Evenhand ({self.code[:12]} and {mine[:12]}): "
                "send the driver's along, with --py-files or as an archive"
            )
        if hashlib.sha256(self.tree).hexdigest() != self.digest:
            raise ShippingError("the policy did not arrive as it was sent: its hash is another")
        tree = pickle.loads(self.tree)  # noqa: S301 because the driver has sent it, as it has this very code
        if tree.content_hash != self.content_hash:
            raise ShippingError("the policy that arrived is not the one that was sent: its content hash is another")
        return Policy(Loaded(tree, (), {}))


#: Policies that are ready in this process, by the hash of what was sent.
_ready: Final[dict[str, Policy]] = {}


@cache
def code_print() -> str:
    """Return the hash of the code that decides; the same wherever the same version is installed, zipped or not."""
    found = hashlib.sha256()
    root = resources.files(__name__.partition(".")[0])
    for folder in _DECIDING:
        for name, file in sorted(_sources(root.joinpath(folder), folder)):
            found.update(f"{name}\0".encode())
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{prefix}/{entry.name}"
        if entry.name.endswith((".py", ".toml")):
            found.append((name, entry))
        elif not entry.name.startswith(("_", ".")) and entry.is_dir():
            found += _sources(entry, name)
    return found
