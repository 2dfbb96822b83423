# Sourced by check.sh of the examples, with $root set: installs artifacts into a repository of their own, and builds
# against it, as a project elsewhere does.

# own_repository FOLDER [MODULE,...]: installs the modules (core and demo-model, unless told) into a repository in that
# folder, with which `maven` then works. Plugins and other libraries come from the usual local repository where it has
# them, so that this needs no network then.
own_repository() {
  modules=${2:-core,demo-model}
  repository=$1/repository
  settings=$1/settings.xml
  usual=${MAVEN_REPO:-$HOME/.m2/repository}
  cat >"$settings" <<XML
<settings><profiles><profile><id>usual</id>
<repositories><repository><id>usual</id><url>file://$usual</url></repository></repositories>
<pluginRepositories><pluginRepository><id>usual</id><url>file://$usual</url></pluginRepository></pluginRepositories>
</profile></profiles><activeProfiles><activeProfile>usual</activeProfile></activeProfiles></settings>
XML
  echo "== mvn install ($modules)"
  (cd "$root" && maven install -DskipTests -Dmaven.test.skip=true -Dspotless.check.skip=true -pl "$modules" -am)
}

maven() {
  "$root/mvnw" -q -B -s "$settings" -Dmaven.repo.local="$repository" "$@"
}

# expect TEXT: what the last command wrote to out.txt has it.
expect() {
  cat out.txt
  grep -q "$1" out.txt || { echo "expected: $1" >&2; exit 1; }
}
