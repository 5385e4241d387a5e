# Shared by the templates that leave the work to a distribution's own installer; sourced after functions.sh. The template sets
# `distribution`, `title`, `default_release`, `default_mirror`, `requires` and `bootstrap ROOT`, and calls `tool_main "$@"`.

tool_usage() {
    cat <<EOF
Template $distribution: $title.

  -r, -R, --release=NAME   release ($default_release)
  -a, --arch=NAME          architecture ($(uname -m))
      --mirror=URL         where packages come from ($default_mirror)
  -F, --flush-cache        forget what was downloaded and built before
      --help               show this text
EOF
}

# fetch URL FILE
fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --output "$2" "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget --quiet --output-document="$2" "$1"
    else
        die "'curl' is missing, please install \"curl\""
    fi || die "cannot fetch $1"
}

# The words of a package file of RPM distributions.
rpm_repository() {
    cat <<EOF
[$distribution]
name=$title
baseurl=$mirror
enabled=1
gpgcheck=${gpgcheck:-1}
gpgkey=${gpgkey:-}
EOF
}

# dnf_install ROOT PACKAGE...: with dnf, or yum where that is what there is.
dnf_install() {
    target=$1
    shift
    installer=dnf
    command -v dnf >/dev/null 2>&1 || installer=yum
    mkdir -p "$work/repos"
    rpm_repository >"$work/repos/$distribution.repo"
    "$installer" --assumeyes --installroot="$target" --releasever="$release" --forcearch="$arch" \
        --setopt=reposdir="$work/repos" --setopt=install_weak_deps=False install "$@" >&2
}

tool_main() {
    release=$default_release arch=$(uname -m) mirror=$default_mirror flush=0
    while [ $# -gt 0 ]; do
        case $1 in
        -r | -R | -a) [ $# -gt 1 ] || die "$1 wants a value" ;;
        esac
        case $1 in
        -h | --help) tool_usage && exit 0 ;;
        -r | -R) shift && release=$1 ;;
        --release=*) release=${1#*=} ;;
        -a) shift && arch=$1 ;;
        --arch=*) arch=${1#*=} ;;
        --mirror=*) mirror=${1#*=} ;;
        -F | --flush-cache) flush=1 ;;
        *) common_option "$1" || die "unknown option: $1" ;;
        esac
        shift
    done
    case $release in *[!A-Za-z0-9._-]* | '') die "not a release: $release" ;; esac
    case $arch in *[!A-Za-z0-9_-]* | '') die "not an architecture: $arch" ;; esac
    check_common
    [ "$(id -u)" = 0 ] || die "this must run as root; users use the template download"
    requires
    cache=$(cache_directory "$distribution")
    lock_cache "$cache"
    if [ "$flush" = 1 ]; then
        flush_cache "$cache"
    fi
    image=$cache/$release-$arch-$(printf %s "$mirror" | cksum | cut -d ' ' -f 1)
    if ! has_image "$image"; then
        say "Installing $title $release ($arch); this is done once"
        work=$cache/.new-$$
        mkdir -p "$work/root" || die "cannot make $work"
        trap 'rm -rf "$work"' EXIT
        trap 'exit 130' HUP INT TERM
        bootstrap "$work/root" || die "installing $title $release failed"
        [ -d "$work/root/etc" ] || die "installing $title $release failed: there is no /etc"
        keep_image "$work/root" "$work/image"
        for made in "$work"/image.*; do mv "$made" "$image.${made##*.}"; done
        rm -rf "$work"
        trap - EXIT HUP INT TERM
    fi
    install_image "$image"
    exec 9>&-
    name_host
    case $arch in i?86) arch=i686 ;; esac
    {
        include_config "$distribution"
        say "lxc.arch = $arch"
        say "lxc.uts.name = $name"
    } | append_config
}
