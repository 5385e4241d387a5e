# Shared by mk and the scripts beside this file; sourced, with the repository as working directory.

say() { printf 'mk: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

jdk_major() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null; }

# Sets JAVA_HOME to a JDK 25 with a compiler: the one given, or the first in the usual places.
find_jdk() {
    for home in "${JAVA_HOME:-/nonexistent}" /usr/lib/jvm/*25* /opt/*jdk*25* "${HOME:-/root}"/.sdkman/candidates/java/25* \
        "${HOME:-/root}"/.jdks/*25*; do
        if [ "$(jdk_major "$home")" = 25 ] && [ -x "$home/bin/javac" ]; then
            JAVA_HOME=$home
            export JAVA_HOME
            return
        fi
    done
    die "no JDK 25 found (looked at JAVA_HOME, /usr/lib/jvm/*25*, /opt/*jdk*25*, ~/.sdkman, ~/.jdks)." \
        "Unpack Eclipse Temurin 25 (https://adoptium.net/temurin/releases/?version=25) below /usr/lib/jvm," \
        "or set JAVA_HOME to a JDK 25"
}

packages_of() { sed -n "s/^$1: *//p" scripts/packages; }

is_installed() { [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs the Debian packages of the given groups of scripts/packages where they are missing.
install_packages() {
    missing=
    for group in "$@"; do
        for package in $(packages_of "$group"); do
            is_installed "$package" || missing="$missing $package"
        done
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        die "these Debian packages are missing:$missing; install them with: sudo apt-get install$missing"
    fi
    say "installing$missing"
    apt="env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --option DPkg::Lock::Timeout=300"
    mkdir -p target
    # Services that come along must not start; see the policy-rc.d document of invoke-rc.d(8).
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && policy=
    [ -z "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"; }
    installed=
    # shellcheck disable=SC2086 # both are lists of words
    { $apt install --no-install-recommends $missing >target/apt.log 2>&1 ||
        { $apt update && $apt install --no-install-recommends $missing; } >target/apt.log 2>&1; } &&
        installed=yes
    [ -z "$policy" ] || rm -f "$policy"
    [ -n "$installed" ] || { tail -n 5 target/apt.log >&2 && die "could not install$missing; nothing was built"; }
    for service in $(packages_of idle); do
        case "$missing " in
        *" ${service%/*}"*) systemctl disable "${service#*/}" >>target/apt.log 2>&1 || true ;;
        esac
    done
}

# prepare GROUP...: a JDK, and the packages of these groups.
prepare() {
    find_jdk
    if command -v dpkg-query >/dev/null; then
        install_packages "$@"
    else
        say "not a Debian system: make sure that what scripts/packages lists is there"
    fi
    [ "$(id -u)" = 0 ] && trap give_back EXIT
    return 0
}

# What root built in somebody's tree belongs to the owner of the tree, who can then build without root.
give_back() {
    owner=$(stat --format %u:%g .)
    [ "$owner" = 0:0 ] || find . -name target -prune -o -name dist -prune | xargs -r chown -R --from=0 "$owner" || :
}

maven() {
    MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}" \
        mvn --batch-mode --no-transfer-progress -Dstyle.color=never "$@"
}

script() {
    name=$1
    shift
    "$JAVA_HOME/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "scripts/$name.java" "$@"
}

tests() { script RunTests "$@"; }

dist() {
    say "building (a few minutes the first time)"
    maven --quiet package -DskipTests dependency:build-classpath -Dmdep.outputFile=target/classpath -DincludeScope=runtime
    script Dist "$@"
}

bench() {
    class_path=$(ls bench/target/bench-*.jar):$(cat bench/target/classpath)
    "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Datoll.root="$PWD" -cp "$class_path" \
        io.atoll.bench.Compare "$@"
}
