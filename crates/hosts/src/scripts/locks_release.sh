while read -r lease; do
    # sanlock gives a lease only when its holder is dead, and only while nobody else has had it since.
    code=0
    said=$(sanlock client command -r "$lease" -c /bin/true </dev/null 2>&1) || code=$?
    if [ "$code" = 0 ]; then
        # It is given back when sanlock has seen the end of the command.
        name=$(printf "%s" "$lease" | cut -d : -f 1,2)
        tries=0
        while [ "$tries" -lt 20 ] && sanlock client status | grep -qF "r $name:"; do
            tries=$((tries + 1))
            sleep 1
        done
    else
        printf "refused %s %s\n" "$(printf "%s\n" "$said" | sed -n "s/^acquire done //p")" "$lease"
    fi
done
