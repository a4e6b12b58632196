# syntax=docker/dockerfile:1
# One file, an image per program:
#   docker build --target orchestrator|swift-worker|python-worker|ruby-worker|typescript-worker|shipping-service .
# The versions are those the project is built and tested with: Swift 6.3, Debian 12 with its Ruby and Node, Python 3.11.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends pkg-config librabbitmq-dev libssl-dev libyaml-dev libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
# SwiftPM wants the folder of each target that Package.swift names, the tests' too.
COPY Sources ./Sources
COPY Tests ./Tests
RUN --mount=type=cache,target=/src/.build \
    swift build -c release --product tasker-orchestrator \
    && swift build -c release --product tasker-example-worker \
    && bin="$(swift build -c release --show-bin-path)" \
    && mkdir -p /out \
    && cp "$bin/tasker-orchestrator" "$bin/tasker-example-worker" /out/ \
    && find "$bin" -maxdepth 1 -name '*.resources' -exec cp -R {} /out/ \;

# What both Swift programs need at run time (the slim image has the Swift libraries), and a user without rights.
FROM swift:6.3-bookworm-slim AS swift-runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata librabbitmq4 libssl3 libyaml-0-2 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/tasker --create-home tasker
USER tasker
WORKDIR /var/lib/tasker

FROM swift-runtime AS orchestrator
COPY --from=build /out/ /usr/local/bin/
COPY scripts/lib/http-ok /usr/local/bin/http-ok
COPY templates/tasks /etc/tasker/templates
ENV TASKER_DATABASE=/var/lib/tasker/tasker.sqlite \
    TASKER_TEMPLATE_PATH=/etc/tasker/templates
VOLUME /var/lib/tasker
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
    CMD ["/usr/local/bin/http-ok", "127.0.0.1:8080", "/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/tasker-orchestrator"]

FROM swift-runtime AS swift-worker
COPY --from=build /out/tasker-example-worker /usr/local/bin/tasker-example-worker
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/tasker-example-worker"]

FROM python:3.11-slim-bookworm AS python-worker
RUN useradd --system --uid 10001 --create-home tasker
COPY sdks/python /sdk
RUN pip install --no-cache-dir /sdk
COPY sdks/python/examples /handlers
ENV PYTHONPATH=/handlers \
    PYTHONUNBUFFERED=1
USER tasker
WORKDIR /handlers
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "tasker_core.worker"]
CMD ["order_processing"]

FROM debian:bookworm-slim AS ruby-worker
RUN apt-get update \
    && apt-get install -y --no-install-recommends ruby ruby-bunny ruby-faraday \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home tasker
COPY sdks/ruby /sdk
USER tasker
WORKDIR /sdk
STOPSIGNAL SIGTERM
ENTRYPOINT ["ruby", "-I", "/sdk/lib", "/sdk/exe/tasker-worker"]
CMD ["-r", "/sdk/examples/order_delivery.rb"]

FROM debian:bookworm-slim AS typescript-build
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs node-typescript \
    && rm -rf /var/lib/apt/lists/*
COPY sdks/typescript /sdk
RUN /sdk/script/build

FROM debian:bookworm-slim AS typescript-worker
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home tasker
COPY --from=typescript-build /sdk /sdk
USER tasker
WORKDIR /sdk
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/sdk/bin/tasker-worker.js"]
CMD ["/sdk/dist/examples/order_shipping.js"]

# The carrier that a step of the example asks over HTTP.
FROM python:3.11-slim-bookworm AS shipping-service
RUN useradd --system --uid 10001 --create-home tasker
COPY scripts/shipping-service /usr/local/bin/shipping-service
USER tasker
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-u", "/usr/local/bin/shipping-service", "--host", "0.0.0.0", "--port", "8099"]
