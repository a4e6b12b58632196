"""``python -m tasker_core.worker``"""

import sys

from tasker_core.worker.cli import main

if __name__ == "__main__":
    sys.exit(main())
