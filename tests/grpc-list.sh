#!/usr/bin/env bash
# Lists what the gRPC services of a running product serve and how they are, through reflection and
# health checks. Default: the ports that `cargo xtask up` takes first.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    set -- http://127.0.0.1:50051 http://127.0.0.1:50052
fi
exec cargo run --quiet --bin grpc-list -- "$@"
