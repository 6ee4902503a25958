IFS= read -r file
IFS= read -r interval
program=/usr/local/sbin/assay-heartbeat
config=/etc/assay-heartbeat.conf
unit=/etc/systemd/system/assay-heartbeat.service
command -v systemctl >/dev/null || {
    echo "systemd is not installed" >&2
    exit 64
}
new=$(mktemp -d)
trap "rm -rf \"$new\"" EXIT
printf "%s\n%s\n" "$file" "$interval" >"$new/config"
while IFS= read -r folder; do
    # A storage that hangs must not hold this up.
    if ! said=$(timeout -k 1 10 sh -c "[ -d \"\$1\" ] || mkdir \"\$1\"; [ -w \"\$1\" ]" sh "$folder" 2>&1); then
        echo "$folder cannot be written: ${said:-it does not answer, or is read-only}" >&2
        exit 64
    fi
    printf "%s\n" "$folder" >>"$new/config"
done
cat >"$new/program" <<"END"
#!/bin/sh
# Kept by Assay: writes signs of life to the storages of this host.
exec </etc/assay-heartbeat.conf
IFS= read -r file
IFS= read -r interval
while IFS= read -r folder; do
    while :; do
        read -r up idle </proc/uptime
        echo "$up" 2>/dev/null >"$folder/$file"
        sleep "$interval"
    done &
done
wait
END
cat >"$new/unit" <<"END"
# Kept by Assay.
[Unit]
Description=Signs of life of this host on its storages
After=remote-fs.target

[Service]
ExecStart=/usr/local/sbin/assay-heartbeat
Restart=always
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
END
if cmp -s "$new/config" "$config" && cmp -s "$new/program" "$program" && cmp -s "$new/unit" "$unit" &&
    systemctl --quiet is-active assay-heartbeat && systemctl --quiet is-enabled assay-heartbeat; then
    echo unchanged
    exit 0
fi
# What a storage has of this host; nothing when it has nothing, or hangs.
sign() {
    timeout -k 1 5 cat "$1/$file" 2>/dev/null || true
}
mkdir "$new/before"
number=0
sed 1,2d "$new/config" >"$new/folders"
while IFS= read -r folder; do
    number=$((number + 1))
    sign "$folder" >"$new/before/$number"
done <"$new/folders"
install -m 644 "$new/config" "$config"
install -m 755 "$new/program" "$program"
install -m 644 "$new/unit" "$unit"
systemctl daemon-reload
systemctl --quiet enable assay-heartbeat
systemctl restart assay-heartbeat
number=0
while IFS= read -r folder; do
    number=$((number + 1))
    tries=0
    while now=$(sign "$folder") && { [ -z "$now" ] || [ "$now" = "$(cat "$new/before/$number")" ]; }; do
        tries=$((tries + 1))
        if [ "$tries" -gt 50 ]; then
            echo "the service runs, and writes nothing to $folder" >&2
            exit 1
        fi
        sleep 0.2
    done
    echo "signs of life are written to $folder"
done <"$new/folders"
systemctl --quiet is-active assay-heartbeat
echo changed
