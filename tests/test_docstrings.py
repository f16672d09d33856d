"""The examples in docstrings run, and print what they say."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import evenhand

MODULES = ["evenhand", *sorted(module.name for module in pkgutil.walk_packages(evenhand.__path__, "evenhand."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    result = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert not result.failed
