command -v iscsiadm >/dev/null || {
    echo "open-iscsi is not installed" >&2
    exit 64
}
while read -r portal; do
    code=0
    # Nothing is kept of it: a host may log in to all that it knows when it starts.
    said=$(timeout 45 iscsiadm -m discovery -t sendtargets -p "$portal" -o nonpersistent \
        </dev/null 2>&1) || code=$?
    # 21 is an answer, too: there are none.
    case $code in
        0 | 21) printf "%s\n" "$said" | sed "s/^/offered /" ;;
        *) printf "failed %s code %s: %s\n" "$portal" "$code" "$(printf "%s\n" "$said" | uniq | tr "\n" " ")" ;;
    esac
done
