# A whole version, so that a build of tomorrow is the one that was tried; `make behind` says when there is a newer one.
FROM python:3.11.18-slim-bookworm AS packages
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11.18-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --no-create-home upright
COPY --from=packages /venv /venv
WORKDIR /upright
COPY . .
# Settings refuse to load without these; what is given here stays in this one step.
RUN SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") \
    ALLOWED_HOSTS=build CLINIC_NAME=build CLINIC_PHONE="(212) 555-0100" SQLITE_PATH=/tmp/build/none.sqlite3 \
    python manage.py collectstatic --noinput --verbosity 0
USER upright
EXPOSE 8000

# As many workers as WEB_CONCURRENCY says. An export of everything takes its time; statements end sooner. Now and then a
# worker is replaced, whatever it has kept.
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi", "--bind", "0.0.0.0:8000", \
     "--worker-class", "sync", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", \
     "--timeout", "120", "--graceful-timeout", "30", "--max-requests", "20000", "--max-requests-jitter", "2000"]

HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "deploy/healthy.py"]
