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

# Plugins and Jackson come from the usual local repository where it has them, so that this needs no network then.
usual=${MAVEN_REPO:-$HOME/.m2/repository}
cat >"$work/settings.xml" <<XML
<settings><profiles><profile><id>usual</id>
<repositories><repository><id>usual</id><url>file://$usual</url></repository></repositories>
<pluginRepositories><pluginRepository><id>usual</id><url>file://$usual</url></pluginRepository></pluginRepositories>
</profile></profiles><activeProfiles><activeProfile>usual</activeProfile></activeProfiles></settings>
XML
maven() {
  "$root/mvnw" -q -B -s "$work/settings.xml" -Dmaven.repo.local="$work/repository" "$@"
}
echo "== mvn install (core, demo-model)"
(cd "$root" && maven install -DskipTests -Dmaven.test.skip=true -Dspotless.check.skip=true -pl core,demo-model -am)
echo "== mvn compile, in a project of its own"
(cd "$work" && maven compile)

expect() {
  cat "$work/out.txt"
  grep -q "$1" "$work/out.txt" || { echo "expected: $1" >&2; exit 1; }
}
cd "$work"
java="$JAVA_HOME/bin/java"
echo "== class path"
"$java" --add-modules jdk.incubator.vector -cp "target/classes:target/lib/*" hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
echo "== class path, without the flag"
"$java" -cp "target/classes:target/lib/*" hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
expect "add-modules jdk.incubator.vector"
echo "== module path"
"$java" -p target/classes:target/lib -m hello/hello.Hello >out.txt 2>&1 || true
expect "dog is a domesticated dog"
