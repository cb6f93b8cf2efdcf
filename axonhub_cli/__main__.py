"""`python -m axonhub_cli` and the `axonhub` command."""

import sys


def main() -> None:
    """Run the command line. Imports happen here so that importing the package costs nothing; the status line, which a client asks
    for after every answer, does without most of them."""
    if sys.argv[1:] == ["statusline"]:
        from .cli.statusline import run as status_line

        status_line()
        return
    from .cli.main import run

    run()


if __name__ == "__main__":
    main()
