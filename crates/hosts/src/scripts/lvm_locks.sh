command -v lvmlockctl >/dev/null || {
    echo "lvmlockd is not installed" >&2
    exit 64
}
exec lvmlockctl --info </dev/null
