# Retwine with everything to run programs: docker build -t retwine . && docker run --rm retwine --help
# The build installs the same packages as `make deps` does on any Debian 12.
FROM debian:12
WORKDIR /usr/src/retwine
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make deps all && make install PREFIX=/usr/local && rm -rf build /var/lib/apt/lists/*
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/retwine"]
