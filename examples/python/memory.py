def total_mib() -> int:
    """The machine's memory, from /proc/meminfo."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        fields = dict(line.split(":", 1) for line in lines)
    return int(fields["MemTotal"].split()[0]) // 1024
