"""A value that is worked out once: `functools.cached_property` without the lock that Python 3.11's takes each first time, which
costs more than most values do."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # a decorator, named like `property`
    """Calls the method when its value is first asked for; from then on the value stands in the object's `__dict__`."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> "once[T]": ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: object | None, kind: type) -> "T | once[T]":
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._make(owner)
        return value
