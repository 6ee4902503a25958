# Each line is a volume group, and its UUID as the kernel has it.
while read -r group uuid; do
    active=
    # In names of devices a hyphen stands twice; this one has the locks.
    locks=$(printf "%s" "$group" | sed "s/-/--/g")-lvmlock
    for volume in /sys/block/dm-*/dm; do
        [ -e "$volume/uuid" ] || continue
        case $(cat "$volume/uuid") in
            LVM-"$uuid"*) ;;
            *) continue ;;
        esac
        name=$(cat "$volume/name")
        [ "$name" = "$locks" ] || active=$name
    done
    if [ -n "$active" ]; then
        echo "active $group $active"
    elif lvmlockctl --info --dump | grep -q " vg_name=$group .* kill_vg=1 "; then
        lvmlockctl --drop "$group" || true
    fi
done
