read -r file
unit=nova-compute.service
systemctl cat "$unit" >/dev/null 2>&1 || unit=openstack-nova-compute.service
systemctl cat "$unit" >/dev/null 2>&1 || {
    echo "there is no service of nova-compute" >&2
    exit 64
}
new=$(mktemp "$(dirname "$file")/.assay.XXXXXX")
trap "rm -f \"$new\"" EXIT
cat >"$new"
chown --reference="$file" "$new"
chmod --reference="$file" "$new"
if cmp -s "$new" "$file"; then
    echo unchanged
    exit 0
fi
kept=$file.before-assay-$(date -u +%Y%m%dT%H%M%SZ)
cp -p "$file" "$kept"
mv "$new" "$file"
if ! systemctl restart "$unit" || ! sleep 3 || ! systemctl --quiet is-active "$unit"; then
    cp -p "$kept" "$file"
    systemctl restart "$unit" || true
    echo "$unit does not start with it" >&2
    exit 65
fi
echo "the former file is $kept"
echo changed
