# The kernel has a folder for each session, and one for each connection of it.
for session in /sys/class/iscsi_session/session*; do
    [ -e "$session/targetname" ] || continue
    for connection in /sys/class/iscsi_connection/connection"${session##*/session}":*; do
        [ -e "$connection/persistent_address" ] || continue
        echo "$(cat "$session/state") $(cat "$connection/persistent_address") $(cat "$connection/persistent_port") $(cat "$session/targetname")"
    done
done
