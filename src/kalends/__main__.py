"""``python -m kalends`` is ``kalends``; the supervisor starts its processes this way."""

from kalends.cli import main

if __name__ == "__main__":
    main()
