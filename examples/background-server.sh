# Sourced by check.sh of the examples: runs a server in the background, and asks it.

# start PATTERN COMMAND...: runs the command until `stop`, with its output in log.txt, and waits until a line there has the
# PATTERN (of sed), whose group is the server's port.
start() {
  pattern=$1
  shift
  "$@" >log.txt 2>&1 &
  server=$!
  trap stop EXIT
  tries=0
  port=
  while [ -z "$port" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
      cat log.txt >&2
      echo "the server does not say where it listens" >&2
      exit 1
    fi
    sleep 0.2
    port=$(sed -n "s,.*$pattern.*,\\1,p" log.txt | head -n 1)
  done
}

# ask PATH [OPTION of curl...]: the answer is in out.txt. Asked again for a minute as long as it is none, since a server
# may not be ready, and meters come late.
ask() {
  path=$1
  shift
  curl -sS --fail --retry 60 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$port$path" "$@" >out.txt 2>curl.txt ||
    cat curl.txt log.txt >&2
  echo >>out.txt
}

stop() {
  trap - EXIT
  kill "$server" 2>/dev/null || true
  wait "$server" || true
}
