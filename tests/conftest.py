"""What several test modules share."""

from pathlib import Path

import pytest
from hypothesis import settings

# `--hypothesis-profile=quick`: a glance, where the full run has been made elsewhere.
settings.register_profile("quick", max_examples=25, deadline=None)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the checkout with reference material (scenarios, conformance suites); skips where it is not."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no reference material: there is no folder {folder.name}/ beside the checkout")
    return folder
