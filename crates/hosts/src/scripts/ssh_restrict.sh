read -r login
read -r key
folder=/etc/ssh/sshd_config.d
file=$folder/00-assay.conf
keys=/etc/ssh/assay_authorized_keys
sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || {
    echo "sshd is not installed" >&2
    exit 64
}
grep -Eiq "^[[:space:]]*Include[[:space:]].*/etc/ssh/sshd_config\.d/" /etc/ssh/sshd_config || {
    echo "/etc/ssh/sshd_config includes no $folder" >&2
    exit 64
}
unit=ssh.service
systemctl --quiet is-active "$unit" || unit=sshd.service
mkdir -p "$folder"
new=$(mktemp "$folder/.assay.XXXXXX")
newkeys=$(mktemp /etc/ssh/.assay.XXXXXX)
trap "rm -f \"$new\" \"$newkeys\"" EXIT
printf "%s\n" "$key" >"$newkeys"
cat >"$new" <<END
# Kept by Assay: nobody but Assay logs in. Without this file everybody does who did before.
AllowUsers $login
AuthorizedKeysFile $keys
AuthorizedKeysCommand none
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
END
chmod 644 "$new" "$newkeys"
if cmp -s "$new" "$file" && cmp -s "$newkeys" "$keys"; then
    echo unchanged
    exit 0
fi
mv "$newkeys" "$keys"
mv "$new" "$file"
if ! said=$("$sshd" -t 2>&1); then
    rm -f "$file"
    echo "$said" >&2
    exit 65
fi
# Undone unless whoever asked for it has come in again.
systemctl stop assay-ssh-undo.timer 2>/dev/null || true
systemd-run --quiet --collect --unit assay-ssh-undo --on-active 120 \
    sh -c "rm -f $file; systemctl reload $unit"
systemctl reload "$unit"
echo changed
