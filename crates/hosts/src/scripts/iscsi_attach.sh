command -v iscsiadm >/dev/null || {
    echo "open-iscsi is not installed" >&2
    exit 64
}
did=unchanged
while read -r name portal; do
    node() {
        timeout 180 iscsiadm -m node -T "$name" -p "$portal" "$@" </dev/null
    }
    known=yes
    if ! record=$(node 2>/dev/null); then
        known=no
        node -o new >/dev/null
        record=$(node)
    fi
    case $record in
        *"node.startup = automatic"*) ;;
        *)
            node -o update -n node.startup -v automatic
            did=changed
            ;;
    esac
    code=0
    said=$(node --login 2>&1) || code=$?
    # 15: there is a session already.
    case $code in
        0) case $said in *uccessful*) did=changed ;; esac ;;
        15) ;;
        *)
            [ "$known" = yes ] || node -o delete || true
            printf "failed %s at %s: code %s: %s\n" "$name" "$portal" "$code" "$(printf "%s" "$said" | tr "\n" " ")"
            ;;
    esac
done
# What logs in again when the host starts.
for unit in open-iscsi.service iscsi.service; do
    if systemctl cat "$unit" >/dev/null 2>&1; then
        if ! systemctl --quiet is-enabled "$unit" 2>/dev/null; then
            systemctl --quiet enable "$unit"
            did=changed
        fi
        break
    fi
done
echo "$did"
