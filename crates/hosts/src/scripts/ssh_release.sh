file=/etc/ssh/sshd_config.d/00-assay.conf
if [ ! -e "$file" ]; then
    echo unchanged
    exit 0
fi
sshd=$(command -v sshd || echo /usr/sbin/sshd)
unit=ssh.service
systemctl --quiet is-active "$unit" || unit=sshd.service
old=$(mktemp /etc/ssh/.assay.XXXXXX)
trap "rm -f \"$old\"" EXIT
mv "$file" "$old"
if ! said=$("$sshd" -t 2>&1); then
    mv "$old" "$file"
    echo "$said" >&2
    exit 65
fi
systemctl reload "$unit"
echo changed
