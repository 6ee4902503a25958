unit=assay-update-system
state=/var/lib/assay-update
mkdir -p "$state"
if ! systemctl --quiet is-active "$unit"; then
    systemctl reset-failed "$unit" 2>/dev/null || true
    : >"$state/log"
    rm -f "$state/code"
    if command -v apt-get >/dev/null; then
        list="dpkg-query -W -f \"\\\${Package} \\\${Version}\\n\""
        update="export DEBIAN_FRONTEND=noninteractive
            apt-get -q -o DPkg::Lock::Timeout=600 update &&
            apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold dist-upgrade"
    elif command -v dnf >/dev/null; then
        list="rpm -qa --qf \"%{NAME} %{EVR}\\n\""
        update="dnf -y upgrade"
    else
        echo "there is neither apt-get nor dnf" >&2
        exit 64
    fi
    cat >"$state/run" <<END
#!/bin/sh
exec >>"$state/log" 2>&1
$list | sort >"$state/before"
( $update )
code=\$?
$list | sort >"$state/after"
echo \$code >"$state/code"
exit \$code
END
    chmod 700 "$state/run"
    # A unit of its own: it goes on when this connection does not.
    systemd-run --quiet --collect --unit "$unit" "$state/run"
fi
while systemctl --quiet is-active "$unit"; do sleep 1; done
[ -e "$state/code" ] || {
    echo "the update was ended before it was done" >&2
    exit 1
}
code=$(cat "$state/code")
if [ "$code" != 0 ]; then
    tail -n 20 "$state/log" >&2
    exit 1
fi
if cmp -s "$state/before" "$state/after"; then
    echo unchanged
    exit 0
fi
comm -13 "$state/before" "$state/after"
echo changed
