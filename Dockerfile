# No package of the service needs its install script or a compiler, so none is run.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24.21.0-bookworm-slim
# Two arenas of glibc's allocator instead of eight for each core: what is freed in one, its other threads do not get. Under
# load it is 15 to 35 MB less, for the same CPU.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
# The node user, by number: orchestrators can see that it is not root. It owns nothing here and writes nothing.
USER 1000:1000
EXPOSE 3000
# ECS ignores it; its task definition takes the same command.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["node", "src/cli/healthcheck.ts"]
# Not `npm start`: npm would stand between the process and its SIGTERM. The options are those of `npm start`: half of the
# memory that V8 would take for what lives short; and nothing of a request is to be made among the old, as V8 may decide from
# how long things live while the process starts: what lies there, dead, holds all that it points to.
CMD ["node", "--max-semi-space-size=16", "--no-allocation-site-pretenuring", "src/server.ts"]
