#!/bin/sh
# The one entry point of this repository: `./mk help` lists the verbs. This file only dispatches;
# what the verbs do is in scripts/.
set -eu
cd "$(dirname "$0")"
. scripts/common.sh

usage() {
    cat <<'EOF'
usage: ./mk VERB [OPTIONS]

  quickstart     install what is missing, build, start the daemon and launch a Debian container (root);
                 ATOLL_WAIT_SECONDS (120) is how long it waits for the daemon and for an address
  build          compile everything and make the jars, without running tests
  check          formatting, compiler warnings, house rules and unit tests; needs no root
  fmt            format the sources
  test           everything: unit, privileged, shim, fuzz and end-to-end tests (root)
                   --strict    a skipped test is a failure
  itest          the privileged tests only (root); takes --strict
  e2e            the end-to-end tests only (root); takes --strict and Maven's -Dtest=...
  fuzz [TARGET...] [SECS]
                 fuzz the parsers, or those named, SECS seconds each (default 60): shim (libFuzzer),
                 and the folders of fuzz/corpus (Jazzer); what is found is in target/fuzz/TARGET/found
                   --brief     all at once for a moment, as in test
  bench          measure Atoll beside Debian's lxd 5.0.2 and write docs/benchmarks (root)
                   --storage   volumes and a list of 1,000, also beside LXD on btrfs
                   --lxc       the lxc-* commands beside those of Debian's lxc 5.0.2
  docs           render docs/reference from the declarations in the code
  dist           make dist/atoll, which runs without Maven from wherever it is copied
  deb [DIR]      make Debian packages of dist/atoll, of server and client, in DIR or target/
  clean          delete what the verbs above made in this tree

JDK 25 is found by itself (JAVA_HOME, /usr/lib/jvm, ~/.sdkman); `java` on PATH may be an older one.
As root the verbs install the Debian packages that they need (scripts/packages).
EOF
}

verb=${1:-help}
[ $# -eq 0 ] || shift

case $verb in
help | -h | --help) usage ;;
build)
    prepare build
    maven package -DskipTests "$@"
    ;;
check)
    prepare build check
    tests --unit "$@"
    ;;
fmt)
    prepare build check
    maven --quiet spotless:apply
    make --silent --directory=shim fmt
    ;;
test)
    prepare build run check
    tests --all "$@"
    ;;
itest)
    prepare build run check
    tests --privileged "$@"
    ;;
e2e)
    prepare build run check
    tests --e2e "$@"
    ;;
fuzz)
    prepare build check
    tests --fuzz "$@"
    ;;
bench)
    prepare build run bench
    dist
    case " $* " in
    *" --networks "*) bench --output=docs/benchmarks/networks-beside-lxd.md "$@" ;;
    *" --lxc "*) bench --output=docs/benchmarks/beside-lxc.md "$@" ;;
    *" --storage "*) bench --output=docs/benchmarks/volumes-beside-lxd.md "$@" ;;
    *) bench --output=docs/benchmarks/beside-lxd.md "$@" ;;
    esac
    ;;
docs)
    prepare build
    # Writing and checking are one program, so that they cannot differ.
    maven --quiet test --projects=e2e --also-make -Dtest=ReferenceTest -Datoll.reference=write \
        -Dsurefire.failIfNoSpecifiedTests=false "$@"
    ;;
dist)
    prepare build
    dist "$@"
    ;;
deb)
    prepare build
    dist
    sh scripts/deb.sh "$@"
    ;;
quickstart)
    prepare build run
    dist
    sh scripts/quickstart.sh "$@"
    ;;
clean)
    find_jdk
    maven clean
    rm -rf dist
    ;;
*)
    printf 'mk: no verb "%s"\n\n' "$verb" >&2
    usage >&2
    exit 2
    ;;
esac
