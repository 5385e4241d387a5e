#!/bin/sh
# Makes target/atoll_VERSION_ARCH.deb out of dist/atoll and packaging/: installed, it needs no configuration. Called by `./mk deb`.
#
# It takes the places of Debian's lxc, lxcfs and lxd, whose commands it brings. The folder of the distribution is /usr/lib/atoll, as the
# units expect.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's:^ *<version>\(.*\)</version>.*:\1:p' pom.xml | head -n 1)
architecture=$(dpkg --print-architecture)
output=${1:-target/atoll_${version}_$architecture.deb}
mkdir -p target
root=$(mktemp -d target/deb-XXXXXX)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

mkdir -p "$root/DEBIAN" "$root/usr/lib" "$root/usr/bin" "$root/etc/lxc" "$root/etc/default" "$root/usr/lib/systemd/system" \
    "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$root/var/lib/lxc" "$root/var/cache/lxc"
cp -a dist/atoll "$root/usr/lib/atoll"
for program in "$root"/usr/lib/atoll/bin/* "$root"/usr/lib/atoll/dropin/*; do
    ln -s "../lib/atoll/bin/atoll" "$root/usr/bin/${program##*/}"
done
install -m 644 dist/atoll/share/lxc/default.conf "$root/etc/lxc/default.conf"
install -m 644 packaging/default/* "$root/etc/default"
install -m 644 packaging/systemd/* "$root/usr/lib/systemd/system"
install -m 644 packaging/sysusers.d/* "$root/usr/lib/sysusers.d"
install -m 644 packaging/tmpfiles.d/* "$root/usr/lib/tmpfiles.d"
(cd "$root" && find etc -type f | sed 's:^:/:' | sort) >"$root/DEBIAN/conffiles"

cat >"$root/DEBIAN/control" <<EOF
Package: atoll
Version: $version
Architecture: $architecture
Maintainer: The Atoll authors <atoll@localhost>
Installed-Size: $(du --summarize --block-size=1024 "$root/usr" | cut -f 1)
Depends: libc6, iproute2, nftables, dnsmasq-base | dnsmasq, squashfs-tools, uidmap, xz-utils
Recommends: temurin-25-jre | temurin-25-jdk | openjdk-25-jre-headless, busybox-static, mmdebstrap
Provides: lxc, lxcfs, lxd, lxd-client
Conflicts: lxc, lxcfs, lxd, lxd-client
Replaces: lxc, lxcfs, lxd, lxd-client
Section: admin
Priority: optional
Description: system containers
 Whole Linux systems that share the host's kernel: the lxc-* commands, the
 daemon atolld with the API of LXD, and lxcfs.
EOF

cat >"$root/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
getent group atoll >/dev/null || groupadd --system atoll
# Without systemd the bridge is made by hand: lxc-net start.
if [ -d /run/systemd/system ]; then
    systemd-tmpfiles --create atoll.conf
    systemctl daemon-reload
    systemctl enable --now lxc-net.service lxc.service atolld.socket
fi
EOF

cat >"$root/DEBIAN/prerm" <<'EOF'
#!/bin/sh
set -e
[ "$1" = remove ] || exit 0
if [ -d /run/systemd/system ]; then
    systemctl disable --now atolld.socket atolld.service lxc.service lxc-net.service
fi
EOF

cat >"$root/DEBIAN/postrm" <<'EOF'
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
EOF
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
dpkg-deb --root-owner-group -Zzstd -z1 --build "$root" "$output"
