#!/usr/bin/env python
import os
import sys

from config import command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command_line.run(sys.argv)
