"""The errors that a person is told in plain words."""


class PlainError(Exception):
    """Its text says what happened, where, and what to do next; nobody needs a traceback."""

    @property
    def problems(self) -> list[str]:
        """One line each."""
        return str(self).splitlines()
