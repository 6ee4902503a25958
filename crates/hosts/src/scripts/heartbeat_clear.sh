program=/usr/local/sbin/assay-heartbeat
config=/etc/assay-heartbeat.conf
unit=/etc/systemd/system/assay-heartbeat.service
if [ ! -e "$unit" ] && [ ! -e "$config" ] && [ ! -e "$program" ]; then
    echo unchanged
    exit 0
fi
if [ -e "$unit" ]; then
    systemctl --quiet disable --now assay-heartbeat
fi
if [ -e "$config" ]; then
    # What cannot be removed, because its storage hangs, is read by nobody any more.
    {
        IFS= read -r file
        IFS= read -r interval
        while IFS= read -r folder; do
            timeout -k 1 5 rm -f "$folder/$file" || true
        done
    } <"$config"
fi
rm -f "$unit" "$config" "$program"
systemctl daemon-reload
echo changed
