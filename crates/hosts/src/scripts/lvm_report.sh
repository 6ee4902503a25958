command -v lvm >/dev/null || {
    echo "LVM is not installed" >&2
    exit 64
}
export LC_ALL=C
read -r group
# One look at everything, under one lock of the group. Each part of the report needs a field.
lvm fullreport --all --quiet --reportformat json --units b --nosuffix \
    --configreport vg -o vg_name,vg_uuid,vg_size,vg_free,vg_lock_type \
    --configreport pv -o pv_name,pv_attr,pv_size,pv_free \
    --configreport lv -o lv_name,lv_uuid,lv_attr,lv_size,lv_parent,lv_role,lv_active,pool_lv,move_pv,sync_percent,lv_health_status \
    --configreport pvseg -o pvseg_start \
    --configreport seg -o lv_uuid,segtype,stripes,data_copies,seg_size,devices \
    "$group" </dev/null
