from memory import total_mib


def main() -> None:
    print(f"hello from a machine with {total_mib()} MiB of memory")


if __name__ == "__main__":
    main()
