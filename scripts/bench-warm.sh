#!/bin/bash
# Measures commands cold (a JVM each), warm (docs/warm.md) and, where there is one, Debian's lxc, interleaved: wall time of
# whole calls from a shell, medians. Needs root, busybox-static and `./mk dist`; the package lxc is left out if missing.
# Prints a Markdown table; --write puts it into docs/benchmarks/warm.md.
set -eu
cd "$(dirname "$0")/.."
. scripts/common.sh
find_jdk
export ATOLL_JAVA=$JAVA_HOME LC_ALL=C
CALLS=${CALLS:-40}
dist=$PWD/dist/atoll
work=$(mktemp -d /tmp/atoll-bench-warm-XXXXXX)
export ATOLL_WARM_DIR=$work/warm ATOLL_RUN_DIR=$work/run LXD_DIR=$work/state LXD_CONF=$work/client
mkdir -p "$work/ours" "$work/theirs"
daemon=
cleanup() {
    ATOLL_WARM=0 "$dist/dropin/lxc-stop" -P "$work/ours" -n box -k >/dev/null 2>&1 || true
    [ ! -x /usr/bin/lxc-stop ] || /usr/bin/lxc-stop -P "$work/theirs" -n box -k >/dev/null 2>&1 || true
    ATOLL_WARM=0 "$dist/bin/atoll" admin shutdown >/dev/null 2>&1 || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    for pid in $(pgrep -f "$work/run" || true) $(warm_pid); do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
# The one that listens in our directory.
warm_pid() { for at in /proc/[0-9]*; do [ "$(readlink "$at/fd/3" 2>/dev/null)" != "$work/warm" ] || echo "${at#/proc/}"; done; }
trap cleanup EXIT

"$dist/bin/atolld" --state-dir "$LXD_DIR" >"$work/atolld.log" 2>&1 &
daemon=$!
ATOLL_WARM=0 "$dist/bin/atoll" admin waitready --timeout=60
box() {
    "$1/lxc-create" -P "$2" -n box -t busybox >/dev/null 2>&1
    sed -i '/^lxc\.net/d; /^lxc\.apparmor/d' "$2/box/config"
    echo 'lxc.net.0.type = empty' >>"$2/box/config"
    "$1/lxc-start" -P "$2" -n box
}
ATOLL_WARM=0 box "$dist/dropin" "$work/ours"
theirs=
if [ -x /usr/bin/lxc-start ] && box /usr/bin "$work/theirs" 2>/dev/null; then theirs=1; fi

# once FILE COMMAND...: adds the microseconds of a call to FILE.
once() {
    file=$1
    shift
    start=${EPOCHREALTIME/./}
    "$@" </dev/null >/dev/null 2>&1
    echo $((${EPOCHREALTIME/./} - start)) >>"$file"
}
median() { sort -n "$1" | awk '{v[NR]=$1} END {printf "%.1f", v[int((NR+1)/2)]/1000}'; }
ninth() { sort -n "$1" | awk '{v[NR]=$1} END {printf "%.1f", v[int(NR*0.9)]/1000}'; }

# Twice as many calls as a JVM takes to compile what they run.
echo >&2 "warming up"
for i in $(seq 3); do ATOLL_WARM=1 "$dist/bin/atoll" version >/dev/null; done
until [ -n "$(warm_pid)" ] && [ -n "$(ls "$work/warm" | grep -v '[.]' || true)" ]; do sleep 0.2; done

row() {
    name=$1 program=$2 system=$3
    shift 3
    rm -f "$work"/*.times
    for i in $(seq 20); do ATOLL_WARM=1 "$program" "$@" </dev/null >/dev/null 2>&1 || true; done
    for i in $(seq "$CALLS"); do
        ATOLL_WARM=0 once "$work/cold.times" "$program" "$@" || true
        ATOLL_WARM=1 once "$work/warm.times" "$program" "$@" || true
        if [ -n "$theirs" ] && [ -n "$system" ]; then
            args=("${@//$work\/ours/$work/theirs}")
            once "$work/theirs.times" "$system" "${args[@]}" || true
        fi
    done
    other="–"
    [ ! -e "$work/theirs.times" ] || other=$(median "$work/theirs.times")
    echo "| \`$name\` | $(median "$work/cold.times") | $(median "$work/warm.times") | $(ninth "$work/warm.times") | $other |"
}
table() {
    echo "| command | cold ms | warm ms | warm, 9 of 10 below | Debian's lxc $([ -z "$theirs" ] || dpkg-query --show --showformat '${Version}' lxc) ms |"
    echo "|---|---|---|---|---|"
    lxc() { name=$1 tool=$2; shift 2; row "$name" "$dist/dropin/$tool" "/usr/bin/$tool" -P "$work/ours" "$@"; }
    lxc "lxc-info -n box" lxc-info -n box
    lxc "lxc-ls" lxc-ls
    lxc "lxc-ls --fancy" lxc-ls --fancy
    lxc "lxc-attach -n box -- true" lxc-attach -n box -- true
    lxc "lxc-cgroup -n box pids.current" lxc-cgroup -n box pids.current
    row "atoll version" "$dist/bin/atoll" "" version
    row "atoll list" "$dist/bin/atoll" "" list
    row "atoll query /1.0" "$dist/bin/atoll" "" query /1.0
    pid=$(warm_pid)
    echo
    echo "The warm process after that: $(awk '/^Rss:/ {r=$2} /^Pss:/ {p=$2} END {printf "%d MB RSS, %d MB PSS", r/1024, p/1024}' "/proc/$pid/smaps_rollup")," \
        "$(ls "/proc/$pid/fd" | wc -l) descriptors."
}
if [ "${1:-}" = --write ]; then
    {
        echo "# Warm commands"
        echo
        echo "Commit $(git rev-parse --short HEAD), Linux $(uname -r), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg). Made by" \
            "\`scripts/bench-warm.sh --write\`: whole calls from a shell, medians of $CALLS, interleaved."
        echo
        table
    } >"$work/page.md"
    cp "$work/page.md" docs/benchmarks/warm.md
    cat docs/benchmarks/warm.md
else
    table
fi
