# Shared by the templates beside this file; sourced by POSIX shells.
#
# A template is called as TEMPLATE --path=DIR --name=NAME --rootfs=DIR [--mapped-uid=N --mapped-gid=N] [ITS OPTIONS],
# fills ROOTFS and appends to PATH/config.

template=${0##*/}
path='' name='' rootfs='' mapped_uid='' mapped_gid=''
share=${LXC_SHARE:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)}
config_dir=${LXC_TEMPLATE_CONFIG:-$share/config}

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "$template" "$*" >&2
    exit 1
}

# need COMMAND PACKAGE: names what to install.
need() {
    command -v "$1" >/dev/null 2>&1 || die "'$1' is missing, please install \"$2\""
}

# common_option OPTION: takes one of the options that every template gets; false for any other.
common_option() {
    case $1 in
    --path=*) path=${1#*=} ;;
    --name=*) name=${1#*=} ;;
    --rootfs=*) rootfs=${1#*=} ;;
    --mapped-uid=*) mapped_uid=${1#*=} ;;
    --mapped-gid=*) mapped_gid=${1#*=} ;;
    *) return 1 ;;
    esac
}

# After all options: what must be there.
check_common() {
    [ -n "$path" ] || die "--path is missing: this is called by lxc-create"
    [ -n "$name" ] || name=${path##*/}
    [ -n "$rootfs" ] || rootfs=$path/rootfs
    mkdir -p "$rootfs" || exit 1
    # Where single files of the root go; install_image may say otherwise.
    files=$rootfs
}

is_mapped() { [ -n "$mapped_uid" ] && [ "$mapped_uid" != -1 ]; }

# The cache of a distribution: LXC_CACHE_PATH, or the usual place of root or of a user.
cache_directory() {
    if [ -n "${LXC_CACHE_PATH:-}" ]; then
        say "$LXC_CACHE_PATH/$1"
    elif [ "$(id -u)" = 0 ] && [ "${ATOLL_ROOTLESS:-0}" = 0 ]; then
        say "/var/cache/lxc/$1"
    else
        say "${XDG_CACHE_HOME:-$HOME/.cache}/lxc/$1"
    fi
}

# lock_cache DIR: one template at a time works on a cache; what a killed one left there is removed.
lock_cache() {
    mkdir -p "$1" || die "cannot make the cache $1"
    exec 9>"$1/.lock" || die "cannot lock the cache $1"
    if command -v flock >/dev/null 2>&1; then
        flock -w "${LXC_LOCK_TIMEOUT:-3600}" 9 || die "the cache $1 is in use by another template"
    fi
    rm -rf -- "$1"/.new-*
}

flush_cache() {
    lock_cache "$1"
    say "Removing the cache $1"
    find "$1" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf -- {} +
}

can_mount_images() {
    [ "${LXC_IMAGE_ROOTFS:-0}" = 1 ] && ! is_mapped && grep -qw squashfs /proc/filesystems &&
        grep -qw overlay /proc/filesystems
}

# keep_image TAR_OR_DIR IMAGE: makes IMAGE.squashfs of a tree, or IMAGE.tar where that cannot be made. It gets its name when
# it is whole.
keep_image() {
    if command -v mksquashfs >/dev/null 2>&1; then
        mksquashfs "$1" "$2.new" -noappend -no-progress -quiet -comp zstd -Xcompression-level 3 >&2 ||
            die "cannot pack $2"
        mv "$2.new" "$2.squashfs"
    else
        tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -cf "$2.new" . || die "cannot pack $2"
        mv "$2.new" "$2.tar"
    fi
}

has_image() { [ -f "$1.squashfs" ] || [ -f "$1.tar" ]; }

# install_image IMAGE: makes the root of the container from a cached image. Where lxc-create allows it, the image is not
# unpacked: it becomes the lower layer of an overlay, under a name of the container's own, so that the cache can be emptied.
install_image() {
    if [ -f "$1.squashfs" ] && can_mount_images; then
        # The last name is the container's: nothing that goes wrong with the cache reaches it.
        ln "$1.squashfs" "$path/image.squashfs" 2>/dev/null || cp "$1.squashfs" "$path/image.squashfs" || exit 1
        mkdir -p "$path/overlay/delta" "$path/overlay/work" || exit 1
        chmod 755 "$path/overlay/delta"
        rmdir "$rootfs" || die "$rootfs is not empty"
        # Files that are put here are seen inside.
        ln -s overlay/delta "$path/rootfs" || exit 1
        files=$path/overlay/delta
        set_rootfs "overlay:$path/image.squashfs:$files"
    elif [ -f "$1.squashfs" ]; then
        need unsquashfs squashfs-tools
        unsquashfs -quiet -no-progress -force -dest "$rootfs" "$1.squashfs" >&2 || die "cannot unpack $1.squashfs"
    else
        tar -C "$rootfs" --numeric-owner --xattrs --xattrs-include='*' -xf "$1.tar" || die "cannot unpack $1.tar"
    fi
}

set_rootfs() {
    grep -v '^lxc\.rootfs\.path' "$path/config" >"$path/config.new"
    printf 'lxc.rootfs.path = %s\n' "$1" >>"$path/config.new"
    cat "$path/config.new" >"$path/config"
    rm "$path/config.new"
}

# put FILE: writes stdin to a file of the root, with the directories above it. A link that an image brings is replaced, never
# followed out of the root.
put() {
    mkdir -p "$files/$(dirname "$1")" || exit 1
    real=$(cd "$files/$(dirname "$1")" && pwd -P) || exit 1
    case $real/ in
    "$(cd "$files" && pwd -P)"/*) ;;
    *) die "$1 leads out of the root file system" ;;
    esac
    rm -f "$files/$1"
    cat >"$files/$1" || exit 1
    chmod 644 "$files/$1"
}

append_config() { cat >>"$path/config" || exit 1; }

# The configuration snippets of a distribution.
include_config() {
    say
    say "lxc.include = $config_dir/$1.common.conf"
    if is_mapped || grep -q '^lxc\.idmap' "$path/config"; then
        say "lxc.include = $config_dir/$1.userns.conf"
    fi
}

# name_host: hostname and hosts of the container.
name_host() {
    say "$name" | put etc/hostname
    put etc/hosts <<EOF
127.0.0.1 localhost
127.0.1.1 $name

# For hosts that know IPv6
::1 ip6-localhost ip6-loopback
fe00::0 ip6-localnet
ff00::0 ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
EOF
}
