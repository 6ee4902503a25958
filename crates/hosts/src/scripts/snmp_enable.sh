command -v snmpd >/dev/null || [ -x /usr/sbin/snmpd ] || {
    echo "snmpd is not installed" >&2
    exit 64
}
file=/etc/snmp/snmpd.conf
kept=/etc/snmp/snmpd.conf.before-assay
umask 077
new=$(mktemp /etc/snmp/.assay.XXXXXX)
trap "rm -f \"$new\"" EXIT
cat >"$new"
owner=root
[ -e "$file" ] && owner=$(stat -c %u:%g "$file")
chown "$owner" "$new"
if cmp -s "$new" "$file" && systemctl --quiet is-active snmpd && systemctl --quiet is-enabled snmpd; then
    echo unchanged
    exit 0
fi
[ -e "$kept" ] || [ ! -e "$file" ] || cp -p "$file" "$kept"
[ -e "$file" ] && chmod --reference="$file" "$new"
mv "$new" "$file"
systemctl --quiet enable snmpd
if ! systemctl restart snmpd || ! systemctl --quiet is-active snmpd; then
    if [ -e "$kept" ]; then cp -p "$kept" "$file"; else rm -f "$file"; fi
    systemctl restart snmpd || true
    echo "snmpd does not start with it" >&2
    exit 65
fi
echo changed
