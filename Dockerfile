# One image for every house; the command says which. Nothing is fetched at run time, nothing is written outside /data and /certs.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index --no-build-isolation .

FROM python:3.11-slim
RUN mkdir /app /data /certs && chown 10001:10001 /data /certs && chmod 700 /data
COPY --from=build /venv /venv
COPY federation.yaml /app/
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NSIS_LISTEN=0.0.0.0 \
    NSIS_DATA_DIR=/data \
    NSIS_CERTS_DIR=/certs
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["nsis", "demo"]
