"""No cache of a function grows without bound (promise 19)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import _lru_cache_wrapper
from types import ModuleType

import kalends


def modules() -> list[ModuleType]:
    """Return every module of ours."""
    names = [it.name for it in pkgutil.walk_packages(kalends.__path__, "kalends.")]
    wanted = [it for it in names if not it.endswith("__main__") and ".versions" not in it]
    return [importlib.import_module(name) for name in wanted]


def caches(module: ModuleType) -> list[_lru_cache_wrapper[object]]:
    """Return the cached functions a module defines, methods included."""
    kinds = [one for one in vars(module).values() if inspect.isclass(one)]
    held = [vars(module), *(vars(one) for one in kinds if one.__module__ == module.__name__)]
    return [it for each in held for it in each.values() if isinstance(it, _lru_cache_wrapper)]


def test_every_cache_has_a_bound_or_but_one_entry() -> None:
    found = [(module.__name__, it) for module in modules() for it in caches(module)]
    growing = {
        f"{name}.{it.__name__}"
        for name, it in found
        if it.cache_parameters()["maxsize"] is None and inspect.signature(it).parameters
    }
    assert growing == set()
    assert len(found) > 10
