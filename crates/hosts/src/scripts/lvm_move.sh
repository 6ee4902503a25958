export LC_ALL=C
read -r volume
IFS= read -r source
IFS= read -r destination || destination=
# Broken off, it leaves everything where it was. The rest of it is LVM's own daemon.
set -- "$source"
[ -z "$destination" ] || set -- "$@" "$destination"
exec pvmove --atomic --background --interval 2 --name "$volume" "$@" </dev/null
