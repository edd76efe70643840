"""Conditions on several named dimensions together, as `jax.export` has them. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webtensorc_runtime.dims import evaluate, names, substitute
from webtensorc_runtime.errors import UsageError

RELATIONS = (">=", "==")


@dataclass(frozen=True)
class Constraint:
    """An expression of named dimensions (see `dims`) that is at least, or equal to, 0."""

    expression: str
    relation: str

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether sizes, of all names in it, keep it."""
        value = evaluate(self.expression, sizes)
        return value == 0 if self.relation == "==" else value >= 0

    def names(self) -> list[str]:
        """The names in it."""
        return names([self.expression])

    def at(self, sizes: Mapping[str, int]) -> Constraint:
        """It with sizes for some of its names."""
        return Constraint(str(substitute(self.expression, sizes)), self.relation)

    def __str__(self) -> str:
        return f"{self.expression} {self.relation} 0"


def check(constraints: Iterable[Constraint], sizes: Mapping[str, int]) -> None:
    """Refuse sizes that do not keep all constraints.

    Raises:
        UsageError: naming the constraint and the sizes in it.
    """
    for each in constraints:
        if not each.holds(sizes):
            notes = tuple(f"`{name}` is {sizes[name]}" for name in each.names())
            raise UsageError(f"the model demands `{each}` of its dimensions", doing="calling the model", notes=notes)
