export LC_ALL=C
IFS= read -r source
exec pvmove --abort "$source" </dev/null
