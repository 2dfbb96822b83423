# Sourced by ./mvnw and ./megabert: sets JAVA_HOME to a JDK 25 or later, whatever `java` on the PATH is, and an
# encoding.

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
  # Services and containers may have no HOME; the password file has one.
  if [ -z "${HOME:-}" ]; then
    HOME=$(eval "printf '%s' ~$(id -un 2>/dev/null)")
    case "$HOME" in /*) ;; *) HOME=/ ;; esac
    export HOME
  fi
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

# The JVM reads arguments and names of files as the locale has them. One without an encoding (C, none, one that is not
# installed) would corrupt all but ASCII, so there UTF-8 is meant.
find_encoding() {
  case "$(locale charmap 2>/dev/null)" in
    "" | *ASCII* | ANSI_X3.4*)
      LC_ALL=C.UTF-8
      export LC_ALL
      ;;
  esac
}
