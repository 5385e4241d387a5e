#!/bin/sh
# Measures our lxcfs beside Debian's on the same cgroup, interleaved: open+read+close from inside a pid namespace with
# limits, for one and eight readers, and memory. Needs root, the package lxcfs, and `./mk dist`.
# Prints a Markdown table; --write puts it into docs/benchmarks/lxcfs.md.
set -eu
cd "$(dirname "$0")/.."
. scripts/common.sh
find_jdk
[ -x /usr/bin/lxcfs ] || die "the package lxcfs is missing; install it with: apt-get install lxcfs"

work=$(mktemp -d /tmp/atoll-bench-lxcfs-XXXXXX)
group=$(basename "$work")
mkdir "$work/ours" "$work/theirs"
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    umount -l "$work/ours" "$work/theirs" 2>/dev/null || true
    for at in $groups; do rmdir "$at" 2>/dev/null || true; done
    rm -rf "$work"
}
groups=
trap cleanup EXIT

dist/atoll/bin/atoll-lxcfs -l "$work/ours" >"$work/ours.log" 2>&1 &
ours=$!
/usr/bin/lxcfs -f -l -p "$work/theirs.pid" "$work/theirs" >"$work/theirs.log" 2>&1 &
theirs=$!
pids="$ours $theirs"
for try in 1 2 3 4 5 6 7 8 9 10; do
    [ -e "$work/ours/proc/meminfo" ] && [ -e "$work/theirs/proc/meminfo" ] && break
    sleep 0.5
done

enter=
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    groups=/sys/fs/cgroup/$group
    mkdir "$groups"
    enter="echo \$\$ > $groups/cgroup.procs;"
else
    for controller in memory cpuset cpuacct cpu pids; do
        at=/sys/fs/cgroup/$controller/$group
        mkdir "$at"
        groups="$groups $at"
        [ "$controller" != cpuset ] || for f in cpus mems; do cat "$at/../cpuset.$f" >"$at/cpuset.$f"; done
        enter="$enter echo 0 > $at/tasks;"
    done
fi

bench=$(ls bench/target/bench-*.jar)
table() {
    echo "| file | readers | ours p50 µs | ours p99 | lxcfs p50 µs | lxcfs p99 | lxcfs/ours |"
    echo "|---|---|---|---|---|---|---|"
    for readers in 1 8; do
        for file in proc/meminfo proc/cpuinfo proc/stat proc/uptime proc/loadavg sys/devices/system/cpu/online; do
            sh -c "$enter exec unshare --pid --fork --mount-proc $JAVA_HOME/bin/java -XX:+UseSerialGC \
                -cp $bench io.atoll.bench.ReadLatency $readers $file $work/ours $work/theirs"
        done
    done
    echo
    echo "Memory (RSS) after that: ours $(awk '/VmRSS/ {print int($2/1024)}' /proc/$ours/status) MB," \
        "lxcfs $(awk '/VmRSS/ {print int($2/1024)}' /proc/$theirs/status) MB."
}
if [ "${1:-}" = --write ]; then
    {
        echo "# lxcfs: open, read to the end, close"
        echo
        echo "Commit $(git rev-parse --short HEAD), Linux $(uname -r), $(nproc) processors; Debian's lxcfs" \
            "$(dpkg-query --show --showformat '${Version}' lxcfs). Made by \`scripts/bench-lxcfs.sh --write\`."
        echo
        table
    } >docs/benchmarks/lxcfs.md
    cat docs/benchmarks/lxcfs.md
else
    table
fi
