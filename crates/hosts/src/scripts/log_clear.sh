file=/etc/rsyslog.d/90-assay-forward.conf
if [ ! -e "$file" ]; then
    echo unchanged
    exit 0
fi
old=$(mktemp /etc/rsyslog.d/.assay.XXXXXX)
trap "rm -f \"$old\"" EXIT
mv "$file" "$old"
if ! said=$(rsyslogd -N1 2>&1) || ! systemctl restart rsyslog; then
    mv "$old" "$file"
    systemctl restart rsyslog || true
    echo "rsyslog does not start without it: $said" >&2
    exit 65
fi
systemctl --quiet is-active rsyslog
echo changed
