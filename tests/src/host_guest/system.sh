# Makes the guest's system on a layer in memory above $BASE, and of it the disk image $PLACE/disk.
# Arguments are the Debian packages that it has beside those of the base.
layer="$PLACE/layer"
root="$layer/root"
mkdir "$layer"
mount -t tmpfs -o mode=755 none "$layer"
mkdir "$layer/upper" "$layer/work" "$root"
mount -t overlay -o "lowerdir=$BASE,upperdir=$layer/upper,workdir=$layer/work" none "$root"
mount -t proc none "$root/proc"
mount --bind /dev "$root/dev"
cat /etc/resolv.conf > "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get --quiet update
chroot "$root" apt-get --quiet --yes --no-install-recommends install "$@"
# The base has an emulator for others.
chroot "$root" apt-get --quiet --yes --autoremove purge qemu-system-x86 ipxe-qemu libpq5
chroot "$root" apt-get clean

# A package in two versions, the older one installed: the only one that there is to upgrade.
mkdir "$root/srv/repository"
for version in 1.0 1.1; do
    package="$root/tmp/package"
    mkdir -p "$package/DEBIAN" "$package/usr/share/guest-notice"
    echo "$version" > "$package/usr/share/guest-notice/version"
    cat > "$package/DEBIAN/control" <<CONTROL
Package: guest-notice
Version: $version
Architecture: all
Maintainer: Guest <root@guest>
Description: something to upgrade
CONTROL
    dpkg-deb --root-owner-group --build "$package" "$root/srv/repository"
    rm -r "$package"
done
(cd "$root/srv/repository" && dpkg-scanpackages --multiversion . > Packages)
chroot "$root" dpkg --install /srv/repository/guest-notice_1.0_all.deb
rm -r "$root"/var/lib/apt/lists/*
echo "deb [trusted=yes] file:/srv/repository ./" > "$root/etc/apt/sources.list"
chroot "$root" apt-get --quiet update

# An iSCSI target with a logical unit of 16 MiB.
truncate --size=16M "$root/srv/unit"
cat > "$root/etc/tgt/conf.d/guest.conf" <<TARGET
<target iqn.2026-11.test.guest:store>
    backing-store /srv/unit
</target>
TARGET

# There is no watchdog, and Debian tells sanlock so. lvmlockd is run where it is tried.
chroot "$root" systemctl mask wdmd.service lvmlockd.service lvmlocks.service lvm2-monitor.service

# What nobody looks at here only makes the boot longer.
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-pstore.service \
    getty-static.service getty@tty1.service serial-getty@ttyS0.service
rm -r "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
# Each guest is given its own ones.
rm "$root"/etc/ssh/ssh_host_*
: > "$root/etc/resolv.conf"
echo guest > "$root/etc/hostname"
echo "127.0.0.1 localhost guest" > "$root/etc/hosts"

umount "$root/proc" "$root/dev"
cp "$root/bin/busybox" "$PLACE/busybox"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$PLACE/disk" 2G
umount "$root" "$layer"
rmdir "$layer"
