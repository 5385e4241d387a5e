#!/bin/sh
# Makes the packages atoll and atoll-client out of dist/atoll and packaging/: installed, they need no configuration. Called by
# `./mk deb [DIRECTORY]`. The client's has `atoll` and `lxc`, and needs no server on its machine; the other needs it.
#
# They take the places of Debian's lxc, lxcfs, lxd and lxd-client, whose commands they bring. The folder of the distribution is /usr/lib/atoll, as the
# units expect.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's:^ *<version>\(.*\)</version>.*:\1:p' pom.xml | head -n 1)
architecture=$(dpkg --print-architecture)
output=${1:-target}
mkdir -p target "$output"
both=$(mktemp -d target/deb-XXXXXX)
trap 'rm -rf "$both"' EXIT
root=$both/atoll
client=$both/atoll-client
mkdir "$root" "$client"
chmod 755 "$root" "$client"

mkdir -p "$root/DEBIAN" "$root/usr/lib" "$root/usr/bin" "$root/etc/lxc" "$root/etc/default" "$root/etc/init.d" "$root/usr/lib/systemd/system" \
    "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$root/var/lib/lxc" "$root/var/cache/lxc"
cp -a dist/atoll "$root/usr/lib/atoll"
for program in "$root"/usr/lib/atoll/bin/* "$root"/usr/lib/atoll/dropin/*; do
    ln -s "../lib/atoll/bin/atoll" "$root/usr/bin/${program##*/}"
done
install -m 644 dist/atoll/share/lxc/default.conf "$root/etc/lxc/default.conf"
install -m 644 packaging/default/* "$root/etc/default"
install -m 755 packaging/init.d/* "$root/etc/init.d"
install -m 644 packaging/systemd/* "$root/usr/lib/systemd/system"
install -m 644 packaging/sysusers.d/* "$root/usr/lib/sysusers.d"
install -m 644 packaging/tmpfiles.d/* "$root/usr/lib/tmpfiles.d"

# What the client's commands need goes to its package; the warm process has more in its class path than a client uses.
move() {
    for file; do
        mkdir -p "$client/${file%/*}"
        mv "$root/$file" "$client/$file"
    done
}
move usr/bin/atoll usr/bin/lxc
(
    cd "$root/usr/lib/atoll"
    ls bin/atoll dropin/lxc lib/build-id lib/atoll.jvm lib/warm.jvm lib/aot/atoll-[0-9a-f]* lib/aot/warm-* libexec/libatoll-native.so
    sed -n 's:@home@/::gp' lib/atoll.jvm lib/warm.jvm | tr ':' '\n' | grep '^lib/.*[.]jar$' | sort -u
) >"$both/files"
while read -r file; do move "usr/lib/atoll/$file"; done <"$both/files"

(cd "$root" && find etc -type f | sed 's:^:/:' | sort) >"$root/DEBIAN/conffiles"

# control PACKAGE DIRECTORY, with the rest of its fields on stdin
control() {
    mkdir -p "$2/DEBIAN"
    {
        echo "Package: $1"
        echo "Version: $version"
        echo "Architecture: $architecture"
        echo "Maintainer: The Atoll authors <atoll@localhost>"
        echo "Installed-Size: $(du --summarize --block-size=1024 "$2/usr" | cut -f 1)"
        echo "Section: admin"
        echo "Priority: optional"
        cat
    } >"$2/DEBIAN/control"
}

control atoll "$root" <<EOF
Depends: atoll-client (= $version), iproute2, nftables, dnsmasq-base | dnsmasq, squashfs-tools, uidmap, xz-utils
Recommends: busybox-static, mmdebstrap
Provides: lxc, lxcfs, lxd
Conflicts: lxc, lxcfs, lxd
Replaces: lxc, lxcfs, lxd
Description: system containers
 Whole Linux systems that share the host's kernel: the lxc-* commands, the
 daemon atolld with the API of LXD, and lxcfs.
EOF
control atoll-client "$client" <<EOF
Depends: libc6
Recommends: temurin-25-jre | temurin-25-jdk | openjdk-25-jre-headless
Provides: lxd-client
Conflicts: lxd-client
Replaces: lxd-client
Description: system containers, commands for servers
 atoll and lxc, for servers on this machine and others.
EOF

cat >"$root/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
getent group atoll >/dev/null || groupadd --system atoll
# Without systemd the bridge is made by hand: lxc-net start.
if [ ! -d /run/systemd/system ]; then
    if command -v update-rc.d >/dev/null; then update-rc.d atolld defaults; fi
else
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
else
    /etc/init.d/atolld stop
fi
EOF

cat >"$root/DEBIAN/postrm" <<'EOF'
#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "$1" = purge ] && command -v update-rc.d >/dev/null; then update-rc.d atolld remove; fi
EOF
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
dpkg-deb --root-owner-group -Zzstd -z1 --build "$client" "$output/atoll-client_${version}_$architecture.deb"
dpkg-deb --root-owner-group -Zzstd -z1 --build "$root" "$output/atoll_${version}_$architecture.deb"
