"""`python -m axonhub_cli` and the `axonhub` command."""

import sys


def main() -> None:
    """Run the command line. Imports happen here so that importing the package costs nothing; the status line, which a client asks
    for after every answer, does without most of them, and so do the help's first page and the version."""
    words = sys.argv[1:]
    if words in (["--help"], ["-h"]):
        from .cli.commands import help_page

        sys.stdout.write(help_page())
        return
    if words == ["--version"]:
        from . import __version__

        sys.stdout.write(f"axonhub {__version__}\n")
        return
    if words[:1] == ["--part"]:
        from .config.program import frozen, run_part

        if frozen() and len(words) == 2:
            run_part(words[1])
            return
    if words == ["statusline"]:
        from .cli.statusline import run as status_line

        status_line()
        return
    from .cli.main import run

    run()


if __name__ == "__main__":
    main()
