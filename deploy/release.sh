#!/bin/sh
# What is done once for each release, before its web processes and workers start: as the owner, straight at PostgreSQL.
set -eu
# First, so that a release which nobody has signed changes nothing.
python manage.py check --deploy --database default
# Under a dump or a report it gives up after seconds and tries again, or all pages would wait behind it.
python manage.py migrate_patiently
# What the application's roles may do with the tables is decided here.
python manage.py grant_app_role upright_app
