#!/bin/sh
# From nothing to a running Debian container: starts the daemon of dist/atoll, sets it up, builds an image and launches
# a container from it. May be run again at any time, also after a crash in the middle: each step looks first.
set -eu
. scripts/common.sh
find_jdk
export ATOLL_JAVA="$JAVA_HOME"

NAME=web
IMAGE=debian/12
STATE=/var/lib/atoll
RUN=/run/atoll
HOME_DIR=$PWD/dist/atoll
UNITS=/etc/systemd/system
VIEWS=/var/lib/lxcfs
# How long the daemon and the address are waited for; a slow machine may need more.
WAIT_SECONDS=${ATOLL_WAIT_SECONDS:-120}

[ "$(id -u)" = 0 ] || die "quickstart starts a system daemon: run it as root, with sudo ./mk quickstart"

step() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n==> %s\n' "$*"; }

atoll() { LXD_DIR=$STATE "$HOME_DIR/bin/atoll" "$@"; }

under_systemd() { [ -d /run/systemd/system ]; }

# The file that says which build the running daemon is.
build_id() { cat "$HOME_DIR/lib/atolld.jvm" | cksum; }

is_running() {
    if under_systemd; then
        systemctl --quiet is-active atolld
    else
        pid=$(cat "$RUN/atolld.pid" 2>/dev/null) && [ -n "$pid" ] &&
            grep --quiet --null-data '^-Datoll.program=atolld$' "/proc/$pid/cmdline" 2>/dev/null
    fi
}

# A unit of packaging/systemd that runs what was built here.
install_unit() {
    sed "s|/usr/lib/atoll/|$HOME_DIR/|; s|^\[Service\]|&\nEnvironment=ATOLL_JAVA=$JAVA_HOME|" \
        "packaging/systemd/$1.service" >"$UNITS/$1.service"
    systemctl daemon-reload
}

# Whether somebody answers there: the directory entry of a dead server stays.
views_are_served() { head -c 1 "$VIEWS/proc/meminfo" >/dev/null 2>&1; }

# The process that a former run of this script started, whatever tree it was in; nothing under systemd.
views_pid() {
    pid=$(cat "$RUN/lxcfs.pid" 2>/dev/null) && [ -n "$pid" ] &&
        grep --quiet --null-data '^-Datoll.program=atoll-lxcfs$' "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

views_are_ours() {
    if under_systemd; then
        systemctl --quiet is-active atoll-lxcfs
    else
        [ -n "$(views_pid)" ]
    fi
}

# Files through which instances see their own limits. Running instances get new ones in place of those of a server that
# died or that is replaced here. Without them everything else works, so a failure is only said.
start_views() {
    # Made only where nothing is mounted: a dead mount cannot be looked at, and the server clears it itself.
    grep --quiet " $VIEWS " /proc/self/mountinfo || mkdir -p "$VIEWS" "$RUN"
    id=$(cksum <"$HOME_DIR/lib/lxcfs.jvm")$(cksum <"$(ls "$HOME_DIR"/lib/lxcfs-*.jar)")
    if views_are_served; then
        views_are_ours || {
            echo "$VIEWS is served by another lxcfs: instances use that one"
            return
        }
        [ "$(cat "$RUN/lxcfs.build" 2>/dev/null)" != "$id" ] || return 0
    fi
    if under_systemd; then
        install_unit atoll-lxcfs
        systemctl restart atoll-lxcfs
    else
        old=$(views_pid) && kill "$old" && while [ -n "$(views_pid)" ]; do sleep 0.1; done
        setsid "$HOME_DIR/bin/atoll-lxcfs" -l -p "$RUN/lxcfs.pid" "$VIEWS" >>"$STATE/lxcfs.log" 2>&1 </dev/null &
    fi
    tries=0
    until views_are_served && views_are_ours; do
        tries=$((tries + 1))
        [ "$tries" -le $((WAIT_SECONDS * 10)) ] || {
            say "atoll-lxcfs does not serve $VIEWS: instances will see the host's memory and processors"
            return
        }
        sleep 0.1
    done
    echo "$id" >"$RUN/lxcfs.build"
}

start_daemon() {
    getent group atoll >/dev/null || groupadd --system atoll
    mkdir -p "$RUN" "$STATE"
    if is_running && [ "$(cat "$RUN/build" 2>/dev/null)" = "$(build_id)" ]; then
        return
    fi
    if under_systemd; then
        install_unit atolld
        systemctl restart atolld || {
            journalctl --unit atolld --lines 30 --no-pager >&2
            die "the daemon did not start"
        }
    else
        if is_running; then
            kill "$pid"
            while is_running; do sleep 0.1; done
        fi
        setsid "$HOME_DIR/bin/atolld" --group atoll >>"$STATE/atolld.log" 2>&1 </dev/null &
        echo $! >"$RUN/atolld.pid"
    fi
    atoll admin waitready --timeout="$WAIT_SECONDS" || {
        under_systemd || tail -n 30 "$STATE/atolld.log" >&2
        die "the daemon does not answer"
    }
    build_id >"$RUN/build"
}

state_of() { atoll list "^$NAME\$" --format=csv --columns="$1"; }

await_address() {
    tries=0
    while [ -z "$(state_of 4)" ]; do
        tries=$((tries + 1))
        [ "$tries" -le $((WAIT_SECONDS * 2)) ] || die "$NAME got no address in $WAIT_SECONDS s (ATOLL_WAIT_SECONDS sets it); see: atoll console $NAME --show-log"
        sleep 0.5
    done
}

[ -d "$RUN" ] && [ -d "$STATE" ] || mkdir -p "$RUN" "$STATE"
step "Serving the files that show instances their own memory, processors and load"
start_views

step "Starting the daemon"
start_daemon
atoll version

step "Setting it up: a storage pool, a bridge, the default profile"
atoll admin init --auto

if atoll image info "$IMAGE" >/dev/null 2>&1; then
    step "The image $IMAGE is there"
else
    step "Building the image $IMAGE from the Debian mirror (a minute or two, once)"
    atoll image build "$IMAGE"
fi

case $(state_of s) in
RUNNING) step "The container $NAME is running" ;;
STOPPED)
    step "Starting the container $NAME"
    atoll start "$NAME"
    ;;
'')
    step "Launching the container $NAME"
    atoll launch "$IMAGE" "$NAME"
    ;;
*) die "the container $NAME is $(state_of s)" ;;
esac
await_address
atoll list
printf '\n$ atoll exec %s -- sh -c "grep PRETTY_NAME /etc/os-release; nproc; grep MemTotal /proc/meminfo; uptime"\n' "$NAME"
atoll exec "$NAME" -- sh -c 'grep PRETTY_NAME /etc/os-release; nproc; grep MemTotal /proc/meminfo; uptime || true'

cat <<EOF

It works. What next:

    export PATH=$HOME_DIR/bin:\$PATH
    atoll exec $NAME -- bash          a shell in it (atoll shell $NAME)
    atoll config set $NAME limits.memory=512MiB limits.cpu=1    and \`free\` and \`nproc\` in it show just that
    atoll start $NAME --explain       what a start does, step by step
    atoll launch $IMAGE another      one more, in milliseconds
    atoll delete --force $NAME        and away
    LXD_SOCKET=$STATE/unix.socket lxc list      the stock client, if you have it
EOF
