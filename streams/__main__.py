"""`python -m streams` is `udi`."""

from streams.cli import main

if __name__ == "__main__":
    main()
