export LC_ALL=C
read -r volume
read -r mirrors
# What is not mirrored yet gets the mirrors that LVM advises; what is keeps the kind that it has.
read -r kind
set -- --yes --mirrors "$mirrors"
[ "$kind" = as-it-is ] || set -- "$@" --type "$kind"
exec lvconvert "$@" "$volume" </dev/null
