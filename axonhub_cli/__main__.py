"""`python -m axonhub_cli` and the `axonhub` command."""


def main() -> None:
    """Run the command line. Imports happen here so that importing the package costs nothing."""
    from .cli.main import run

    run()


if __name__ == "__main__":
    main()
