read -r host
read -r port
read -r protocol
folder=/etc/rsyslog.d
file=$folder/90-assay-forward.conf
[ -d "$folder" ] && command -v rsyslogd >/dev/null || {
    echo "rsyslog is not installed" >&2
    exit 64
}
new=$(mktemp "$folder/.assay.XXXXXX")
old=$(mktemp "$folder/.assay.XXXXXX")
trap "rm -f \"$new\" \"$old\"" EXIT
cat >"$new" <<END
# Kept by Assay: the log of this host is sent to another one.
action(type="omfwd" target="$host" port="$port" protocol="$protocol"
       queue.type="LinkedList" queue.size="10000" action.resumeRetryCount="-1")
END
chmod 644 "$new"
if cmp -s "$new" "$file" && systemctl --quiet is-active rsyslog; then
    echo unchanged
    exit 0
fi
had=no
if [ -e "$file" ]; then
    cp -p "$file" "$old"
    had=yes
fi
mv "$new" "$file"
back() {
    if [ "$had" = yes ]; then mv "$old" "$file"; else rm -f "$file"; fi
}
if ! said=$(rsyslogd -N1 2>&1); then
    back
    echo "$said" >&2
    exit 65
fi
if ! systemctl restart rsyslog || ! systemctl --quiet is-active rsyslog; then
    back
    systemctl restart rsyslog || true
    echo "rsyslog does not start with it" >&2
    exit 65
fi
systemctl --quiet enable rsyslog
echo changed
