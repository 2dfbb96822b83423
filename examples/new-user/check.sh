#!/bin/sh
# Shows that a project of its own can use what `./mvnw install` installs: installs into a repository of its own under
# target/, builds this folder against it, and runs the program on the class path, without the flag, and on the module path.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/.mvn/find-jdk.sh"
find_jdk
find_encoding
work="$root/examples/target/new-user"
rm -rf "$work"
mkdir -p "$work"
cp -r "$here/pom.xml" "$here/src" "$work"

. "$root/examples/own-repository.sh"
own_repository "$work"
installed="$work/repository/io/github/megabert/megabert-core/0.1.0"
for kind in '' -sources -javadoc; do
  [ -f "$installed/megabert-core-0.1.0$kind.jar" ] || { echo "not installed: megabert-core-0.1.0$kind.jar" >&2; exit 1; }
done
[ -n "${TORNADOVM_HOME:-}" ] || [ ! -e "$installed/megabert-core-0.1.0-tests.jar" ] || { echo "installed: the tests" >&2; exit 1; }
echo "== mvn compile, in a project of its own"
(cd "$work" && maven compile)

cd "$work"
java="$JAVA_HOME/bin/java"
echo "== class path"
"$java" --add-modules jdk.incubator.vector -cp "target/classes:target/lib/*" hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
echo "== class path, with the flag in the environment"
JDK_JAVA_OPTIONS="--add-modules jdk.incubator.vector" "$java" -cp "target/classes:target/lib/*" hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
if grep -q "Vector API is not loaded" out.txt; then
  echo "plain loops computed" >&2
  exit 1
fi
echo "== class path, without the flag"
"$java" -cp "target/classes:target/lib/*" hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
expect "Vector API is not loaded"
echo "== module path"
"$java" -p target/classes:target/lib -m hello/hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
