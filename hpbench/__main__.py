"""``python -m hpbench`` is ``hpbench``."""

from hpbench.cli.main import main

if __name__ == "__main__":
    main()
