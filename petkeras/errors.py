"""The one exception that stands for a user's mistake."""


class PetkerasError(ValueError):
    """Say in one line what was wrong, and what would be right.

    The command line prints the line and exits with 2; a notebook shows it as any other exception.
    """
