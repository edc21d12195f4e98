"""`python -m app.cli.run`: the `onevisit` command without an installed script."""

from app.cli import main

if __name__ == "__main__":
    main()
