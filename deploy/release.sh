#!/bin/sh
# What is done once for each release, before its web processes and workers start: as the owner, straight at PostgreSQL.
set -eu
# First, so that a release which nobody has signed changes nothing.
python manage.py check --deploy --database default
python manage.py migrate --noinput
# What the application's roles may do with the tables is decided here.
python manage.py grant_app_role upright_app
