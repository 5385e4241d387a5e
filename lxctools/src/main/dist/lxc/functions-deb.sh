# Shared by the templates of Debian and its children; sourced after functions.sh. The template sets `distribution`,
# `packages`, `suites SUITE`, `default_mirror`, `keyring` and `finish_image ROOT`, and calls `deb_main "$@"`.

deb_usage() {
    cat <<EOF
Template $distribution.

  -r, --release=NAME     release ($default_release)
  -a, --arch=NAME        architecture ($default_arch)
      --variant=NAME     variant of debootstrap (minbase)
      --mirror=URL       where packages come from ($default_mirror)
      --security-mirror=URL
      --packages=A,B     more packages
      --components=A,B   parts of the archive ($components)
  -S, --auth-key=FILE    a public key that may log in
  -u, --user=NAME        the user to make ($user)
      --password=TEXT    the user's password ($password)
  -F, --flush-cache      forget what was downloaded and built before
      --clean            remove the cache and do nothing else
      --help             show this text
EOF
}

host_id() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release 2>/dev/null; }

# The host's release if it is this distribution.
host_release() {
    if [ "$(host_id ID)" = "$distribution" ]; then host_id VERSION_CODENAME; fi
}

host_arch() {
    if command -v dpkg >/dev/null 2>&1; then
        dpkg --print-architecture
    else
        case $(uname -m) in
        x86_64) echo amd64 ;;
        i?86) echo i386 ;;
        aarch64) echo arm64 ;;
        armv7*) echo armhf ;;
        ppc64le) echo ppc64el ;;
        *) uname -m ;;
        esac
    fi
}

# The mirror that the host's apt uses for a distribution of the same name.
host_mirror() {
    [ "$(host_id ID)" = "$distribution" ] || return 0
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        grep -v '^[[:space:]]*#' | grep -v security | grep -o 'https\{0,1\}://[^][:space:]]*' | head -n 1
}

apt_proxy() {
    if [ -z "${http_proxy:-}" ] && command -v apt-config >/dev/null 2>&1; then
        http_proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || :)
        case $http_proxy in
        '' | DIRECT) unset http_proxy ;;
        *) export http_proxy ;;
        esac
    fi
}

# bootstrap ROOT: installs the distribution into an empty directory.
bootstrap() {
    all=$packages${more_packages:+,$more_packages}
    apt_proxy
    if command -v mmdebstrap >/dev/null 2>&1; then
        suites "$release" | mmdebstrap --quiet --variant="$variant" --architectures="$arch" --include="$all" \
            --components="$(echo "$components" | tr , ' ')" --format=directory "$release" "$1" - >&2
    elif command -v debootstrap >/dev/null 2>&1; then
        debootstrap --variant="$variant" --arch="$arch" --include="$all" --components="$components" \
            ${keyring:+--keyring="$keyring"} "$release" "$1" "$mirror" >&2
    else
        die "'mmdebstrap' is missing, please install \"mmdebstrap\" or \"debootstrap\""
    fi
}

# What every image of this family gets.
prepare_image() {
    root=$1
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/etc/ssh/ssh_host_* \
        "$root"/var/lib/dbus/machine-id "$root"/etc/resolv.conf "$root"/etc/hostname
    : >"$root/etc/machine-id"
    : >"$root/etc/resolv.conf"
    : >"$root/etc/fstab"
    mkdir -p "$root/etc/network" "$root/etc/systemd/system/ssh.service.d"
    cat >"$root/etc/network/interfaces" <<EOF
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
    metric 100
EOF
    # Every container makes its own keys when it starts first.
    cat >"$root/etc/systemd/system/ssh.service.d/host-keys.conf" <<EOF
[Service]
ExecStartPre=
ExecStartPre=/usr/bin/ssh-keygen -A
ExecStartPre=/usr/sbin/sshd -t
EOF
    finish_image "$root"
}

deb_main() {
    default_release=$(host_release)
    default_release=${default_release:-$fallback_release}
    default_arch=$(host_arch)
    found=$(host_mirror)
    default_mirror=${MIRROR:-${found:-$default_mirror}}
    release='' arch='' variant=minbase mirror='' security_mirror=${SECURITY_MIRROR:-} more_packages='' key='' clean=0 flush=0
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) deb_usage && exit 0 ;;
        -r | -a | -S | -u) [ $# -gt 1 ] || die "$1 wants a value" ;;
        esac
        case $1 in
        -r) shift && release=$1 ;;
        --release=*) release=${1#*=} ;;
        -a) shift && arch=$1 ;;
        --arch=*) arch=${1#*=} ;;
        --variant=*) variant=${1#*=} ;;
        --mirror=*) mirror=${1#*=} ;;
        --security-mirror=*) security_mirror=${1#*=} ;;
        --packages=*) more_packages=${1#*=} ;;
        --components=*) components=${1#*=} ;;
        -S) shift && key=$1 ;;
        --auth-key=*) key=${1#*=} ;;
        -u) shift && user=$1 ;;
        --user=*) user=${1#*=} ;;
        --password=*) password=${1#*=} ;;
        -F | --flush-cache) flush=1 ;;
        --clean) clean=1 ;;
        *) common_option "$1" || die "unknown option: $1" ;;
        esac
        shift
    done
    release=${release:-$default_release}
    arch=${arch:-$default_arch}
    mirror=${mirror:-$default_mirror}
    case $release in *[!a-z0-9-]* | '') die "not a release: $release" ;; esac
    case $arch in *[!a-z0-9-]* | '') die "not an architecture: $arch" ;; esac
    case $user in *[!a-z0-9_-]*) die "not a name of a user: $user" ;; esac
    [ -z "$key" ] || [ -r "$key" ] || die "cannot read the key $key"
    cache=$(cache_directory "$distribution")
    if [ "$clean" = 1 ]; then
        flush_cache "$cache"
        exit 0
    fi
    check_common
    [ "$(id -u)" = 0 ] || die "this must run as root; users use the template download"

    lock_cache "$cache"
    if [ "$flush" = 1 ]; then
        flush_cache "$cache"
    fi
    # What goes into an image is part of its name.
    recipe=$(printf '%s\n' "$variant $packages $more_packages $components $mirror $user $password" | cksum | cut -d ' ' -f 1)
    image=$cache/$release-$arch-$recipe
    if has_image "$image"; then
        say "Using the cached $distribution $release ($arch)"
    else
        say "Installing $distribution $release ($arch); this is done once"
        work=$cache/.new-$$
        mkdir -p "$work" || die "cannot make $work"
        trap 'rm -rf "$work"' EXIT
        trap 'exit 130' HUP INT TERM
        bootstrap "$work/root" || die "installing $distribution $release failed"
        prepare_image "$work/root"
        keep_image "$work/root" "$work/image"
        mv "$work"/image.* "$(dirname "$image")/.new-$$.whole"
        for made in "$cache/.new-$$.whole"; do
            if [ "$(head -c 4 "$made")" = hsqs ]; then mv "$made" "$image.squashfs"; else mv "$made" "$image.tar"; fi
        done
        rm -rf "$work"
        trap - EXIT HUP INT TERM
    fi
    install_image "$image"
    exec 9>&-

    name_host
    if [ -n "$key" ]; then
        home=root
        [ -z "$user" ] || home=home/$user
        put "$home/.ssh/authorized_keys" <"$key"
        chmod 700 "$files/$home/.ssh"
        [ -z "$user" ] || chown -R 1000:1000 "$files/$home"
    fi
    {
        include_config "$distribution"
        say "lxc.arch = $(lxc_arch "$arch")"
        say "lxc.uts.name = $name"
    } | append_config
    [ -z "$user" ] || say "User \"$user\" with password \"$password\" may log in; change that."
}

lxc_arch() {
    case $1 in
    amd64) echo x86_64 ;;
    i386) echo i686 ;;
    *) echo "$1" ;;
    esac
}
