export LC_ALL=C
read -r volume
IFS= read -r source
IFS= read -r destination || destination=
# Broken off, it leaves everything where it was. A daemon of LVM goes on with it.
set -- "$source"
[ -z "$destination" ] || set -- "$@" "$destination"
exec pvmove --atomic --background --interval 2 --name "$volume" "$@" </dev/null
