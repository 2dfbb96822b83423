# Sourced by ./mvnw and ./megabert: sets JAVA_HOME to a JDK 25 or later, whatever `java` on the PATH is.

# Whether folder $1 is such a JDK, by its release file. No process is started: this is on the way of every command.
is_recent_jdk() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line; do
    case "$line" in
      JAVA_VERSION=*)
        line=${line#*\"}
        line=${line%%[!0-9]*}
        [ -n "$line" ] && [ "$line" -ge 25 ]
        return
        ;;
    esac
  done <"$1/release"
  return 1
}

find_jdk() {
  for home in "${JAVA_HOME:-}" \
    /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* \
    "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -n "$home" ] && is_recent_jdk "$home"; then
      JAVA_HOME=$home
      export JAVA_HOME
      return 0
    fi
  done
  on_path=$(command -v javac 2>/dev/null || true)
  if [ -n "$on_path" ]; then
    home=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")")
    if is_recent_jdk "$home"; then
      JAVA_HOME=$home
      export JAVA_HOME
      return 0
    fi
  fi
  echo "megabert: no JDK 25 or later found in JAVA_HOME, on the PATH, or in the usual folders (/usr/lib/jvm, /opt, ~/.sdkman, ~/.jdks, /Library/Java). Install one, or set JAVA_HOME to it." >&2
  return 1
}
