for file in /etc/nova/nova-compute.conf /etc/nova/nova.conf; do
    if [ -f "$file" ]; then
        echo "$file"
        cat "$file"
        exit 0
    fi
done
echo "nova-compute is not installed" >&2
exit 64
