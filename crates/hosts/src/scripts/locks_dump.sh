# Each line is an offset and a path, in which sanlock has put a backslash before each colon.
dump() {
    said=$(sanlock direct dump "$2:$1:$3" 2>/dev/null) || return 0
    echo "on $2"
    # Leases that somebody holds: with a timestamp, or with lines of those who share them below.
    printf "%s\n" "$said" | awk "
        NF == 7 { row = \$0; if (\$4 + 0 > 0) { print row; row = \"\" } next }
        \$NF == \"SH\" { if (row != \"\") print row; row = \"\"; print }"
}
# sanlock stops at what is no lease, which may stand in between, unless it is told how far to look.
length() {
    if [ -b "$1" ]; then size=$(blockdev --getsize64 "$1"); else size=$(stat -c %s "$1"); fi
    [ "$size" -le 8589934592 ] || size=8589934592
    echo "$size"
}
while read -r offset path; do
    file=$(printf "%s" "$path" | sed "s/\\\\//g")
    size=$(length "$file" 2>/dev/null) || continue
    dump "$offset" "$path" $((size - offset))
    if [ -b "$file" ]; then
        others=$(ls -d "${file%/*}"/leases "${file%/*}"/xleases 2>/dev/null) || true
    else
        others=$(find "${file%/*}" -maxdepth 1 -type f)
    fi
    printf "%s\n" "$others" | while read -r other; do
        [ -n "$other" ] && [ "$other" != "$file" ] || continue
        escaped=$(printf "%s" "$other" | sed "s/:/\\\\:/g")
        sanlock direct dump "$escaped:0:1M" >/dev/null 2>&1 || continue
        dump 0 "$escaped" "$(length "$other")"
    done
done
