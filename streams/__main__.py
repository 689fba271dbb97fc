"""`python -m streams` is `udi`."""

from streams.cli.main import main

if __name__ == "__main__":
    main()
