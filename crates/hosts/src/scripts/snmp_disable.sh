if ! systemctl --quiet is-active snmpd && ! systemctl --quiet is-enabled snmpd 2>/dev/null; then
    echo unchanged
    exit 0
fi
systemctl --quiet disable --now snmpd
if systemctl --quiet is-active snmpd; then
    echo "snmpd still runs" >&2
    exit 1
fi
echo changed
