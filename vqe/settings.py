"""The settings of a database: their names, types, defaults and what they do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from vqe.catalog import Catalog
from vqe.durations import microseconds
from vqe.errors import QueryError, nearest


@dataclass(frozen=True, slots=True)
class Setting:
    """`parse` turns text into the value or raises ValueError saying what is allowed."""

    name: str
    default: str
    description: str
    parse: Callable[[str], object]


def _fraction(text: str) -> float:
    percent = text.strip().endswith("%")
    try:
        value = float(text.strip().rstrip("%")) / (100 if percent else 1)
    except ValueError:
        raise ValueError("a fraction such as 0.02 or 2%") from None
    if not 0 <= value <= 1:
        raise ValueError("a fraction between 0 and 1 (or a percentage up to 100%)")
    return value


def _duration(text: str) -> int:
    """Microseconds; 0 needs no unit."""
    try:
        return 0 if text.strip() == "0" else microseconds(text)
    except ValueError:
        raise ValueError("a duration such as '2s', '500ms', '1m', or 0") from None


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.strip().lower() not in allowed:
            raise ValueError(" or ".join([", ".join(map(repr, allowed[:-1])), repr(allowed[-1])]))
        return text.strip().lower()

    return read


def _whole(text: str) -> int:
    number = int(text) if text.strip().isdecimal() else -1
    if not 0 <= number < 1 << 32:
        raise ValueError("a whole number from 0 to 4294967295")
    return number


SETTINGS: Mapping[str, Setting] = {
    s.name: s
    for s in (
        Setting("model", "", "reference model: a name or a path ('' is the built-in default)", str),
        Setting("confidence", "0.4", "a detection counts in contains() and objects() from here up", _fraction),
        Setting("detection_confidence", "0.25", "detections() holds boxes from here up", _fraction),
        Setting("stable", "0", "the window of STABLE where a query gives none", _duration),
        Setting("fnr", "0.01", "share of the true frames that may be missed", _fraction),
        Setting("fpr", "0.01", "share of the other frames that may be returned", _fraction),
        Setting("event_fnr", "0.05", "share of the true events that may be missed", _fraction),
        Setting("event_fdr", "0.05", "share of the returned events that may be false", _fraction),
        Setting("audit", "0.05", "share of the time that goes into checking answers at random", _fraction),
        Setting(
            "plan_space",
            "all",
            "plans to choose from: all, noscope (the models of NoScope), sampling (of the reference model), exact",
            _one_of("all", "noscope", "sampling", "exact"),
        ),
        Setting("seed", "0", "of the random choices made when learning and checking", _whole),
        Setting("disabled_rules", "", "optimizer rules and parts of cascades to leave out, separated by commas", str),
    )
}


def _names(text: str) -> Iterator[str]:
    """Those separated by commas."""
    return filter(None, map(str.strip, text.split(",")))


def check_rules(text: str, known: Collection[str]) -> None:
    """QueryError where a name separated by commas is not known."""
    for name in _names(text):
        if name not in known:
            raise QueryError(f"no rule '{name}'", hint=nearest(name, known) or f"rules are {', '.join(known)}")


class Settings:
    """The values in force: of this session (`--set`) before those kept in the folder before the defaults.

    `rules` gives the names that `disabled_rules` may have; it is asked only where that is set.
    """

    def __init__(
        self,
        catalog: Catalog,
        overrides: Mapping[str, str] | None = None,
        rules: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._catalog = catalog
        self._rules = rules
        self._overrides: dict[str, str] = {}
        for name, text in (overrides or {}).items():
            self._overrides[self.find(name).name] = self.check(name, text)

    @staticmethod
    def find(name: str) -> Setting:
        """The setting of this name; QueryError where there is none."""
        setting = SETTINGS.get(name.lower())
        if setting is None:
            raise QueryError(f"no setting '{name}'", hint=nearest(name, SETTINGS) or "SHOW SETTINGS lists them")
        return setting

    def check(self, name: str, text: str) -> str:
        """The text if the setting allows it, else QueryError."""
        try:
            self.find(name).parse(text)
            if name.lower() == "disabled_rules" and self._rules is not None:
                check_rules(text, self._rules())
        except ValueError as fault:
            raise QueryError(f"setting '{name.lower()}' cannot be '{text}'", hint=f"it takes {fault}") from None
        return text

    def text(self, name: str) -> str:
        if name in self._overrides:
            return self._overrides[name]
        return self._catalog.settings().get(name, SETTINGS[name].default)

    def value(self, name: str) -> object:
        """The parsed value: float, int (microseconds) or str, as the setting's `parse` gives it."""
        return SETTINGS[name].parse(self.text(name))

    def number(self, name: str) -> float:
        value = self.value(name)
        assert isinstance(value, int | float)
        return value

    @property
    def seed(self) -> int:
        """Of all that is left to chance."""
        return int(self.number("seed"))

    @property
    def disabled_rules(self) -> frozenset[str]:
        """Names of optimizer rules and of parts of cascades."""
        return frozenset(_names(self.text("disabled_rules")))

    def set(self, name: str, text: str) -> None:
        """Keep a value in the folder; it also ends a value given for the session alone."""
        setting = self.find(name)
        self._catalog.put_setting(setting.name, self.check(name, text))
        self._overrides.pop(setting.name, None)

    def reset(self, name: str) -> None:
        setting = self.find(name)
        self._overrides.pop(setting.name, None)
        if setting.name in self._catalog.settings():
            self._catalog.drop_setting(setting.name)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """name, value, default, description of every setting."""
        kept = self._catalog.settings()
        return [
            (s.name, self._overrides.get(s.name, kept.get(s.name, s.default)), s.default, s.description)
            for s in SETTINGS.values()
        ]
