systemctl stop assay-ssh-undo.timer 2>/dev/null || true
[ -e /etc/ssh/sshd_config.d/00-assay.conf ] || {
    echo "it was undone, because nobody had come in again in time" >&2
    exit 65
}
