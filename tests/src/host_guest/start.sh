#!/bin/busybox sh
# The guest's first program: loads the modules, makes the network, and gives way to the system on the
# disk. There is no way out of the network but to the host that emulates it.
b=/bin/busybox
$b mount -t proc none /proc
$b mount -t sysfs none /sys
$b mount -t devtmpfs none /dev
while read -r module; do
    $b insmod "$module"
done < /etc/assay/modules
$b ip address add 10.0.2.15/24 dev eth0
$b ip link set eth0 up
$b mkdir /disk
$b mount -t ext4 -o noatime /dev/vda /disk
# Not again after a reboot.
if [ ! -e /disk/etc/ssh/ssh_host_ed25519_key ]; then
    $b cp -a /given/. /disk/
fi
$b umount /proc /sys
$b mount -o move /dev /disk/dev
exec $b switch_root /disk /sbin/init
