"""`python -m nsis_sim` is `nsis`."""

from nsis_sim.cli import main

if __name__ == "__main__":
    main()
