"""What the rules decided, and by which words: plain values that survive a trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# Fields that only one rule may set: the first writer wins.
SINGLE = ("topic", "priority", "team", "clock", "acknowledge", "status")


class Found(NamedTuple):
    """A term that a rule found. `start` and `end` count in the fact's text as it was written, before any folding."""

    fact: str
    term: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule whose conditions held. `set` is what it wrote (a shadow rule: what it would have written), `lost` what
    it wanted to write and which rule above had written first. `position` counts from 1."""

    rule: str
    position: int
    shadow: bool = False
    found: tuple[Found, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "position": self.position,
            "shadow": self.shadow,
            "found": [list(found) for found in self.found],
            "set": {name: list(v) if isinstance(v, tuple) else v for name, v in self.set.items()},
            "lost": dict(self.lost),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fired:
        return cls(
            rule=data["rule"],
            position=data["position"],
            shadow=data["shadow"],
            found=tuple(Found(*found) for found in data["found"]),
            set={name: tuple(v) if isinstance(v, list) else v for name, v in data["set"].items()},
            lost=dict(data["lost"]),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules together say. None: no rule spoke of it. `acknowledge` is the name of a reply; an empty name means
    that a rule forbids an acknowledgement."""

    topic: str | None = None
    priority: str | None = None
    team: str | None = None
    clock: str | None = None
    acknowledge: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()
    fired: tuple[Fired, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` turns back into an equal decision."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in SINGLE}
        plain |= {"tags": list(self.tags), "untags": list(self.untags)}
        return plain | {"fired": [fired.to_json() for fired in self.fired]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        return cls(
            **{name: data.get(name) for name in SINGLE},
            tags=tuple(data.get("tags", ())),
            untags=tuple(data.get("untags", ())),
            fired=tuple(Fired.from_json(fired) for fired in data.get("fired", ())),
        )
