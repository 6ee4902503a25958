runs=no
if command -v sanlock >/dev/null && status=$(sanlock client status 2>/dev/null); then
    runs=yes
    printf "%s\n" "$status" | sed "s/^/sanlock /"
    sanlock client gets -h 1 | sed "s/^/hosts /"
fi
if command -v lvmlockctl >/dev/null && info=$(lvmlockctl --info --dump 2>/dev/null); then
    runs=yes
    printf "%s\n" "$info" | sed "s/^/lvmlockd /"
fi
[ "$runs" = yes ] || {
    echo "neither sanlock nor lvmlockd runs" >&2
    exit 64
}
