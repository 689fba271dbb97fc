"""`python -m streams` is `udi`."""

from streams.cli.entry import main

if __name__ == "__main__":
    main()
